"""What an intruder tries beside SFTP is seen to succeed where a server lets it, and else to fail."""

import pytest

from content_packs.transports.address import parse_sftp
from content_packs.transports.sftp import open_ssh
from provisioning.central.sshd import attempts
from support.sshd import Sshd, make_client_key

OPEN = (
    "DisableForwarding no",
    "AllowAgentForwarding yes",
    "AllowTcpForwarding yes",
    "X11Forwarding yes",
    "PermitTTY yes",
)
TRIES = {
    "shell": lambda link, port: attempts.runs_programs(link, "shell"),
    "exec": lambda link, port: attempts.runs_programs(link, "exec"),
    "pty": lambda link, port: attempts.gets(link, "pty"),
    "agent": lambda link, port: attempts.gets(link, "agent"),
    "forward": lambda link, port: attempts.forwards(link, ("127.0.0.1", port)),
    "listen": lambda link, port: attempts.listens(link),
}


class OpenSshd(Sshd):
    """An sshd that keeps nobody from anything."""

    def _config(self):
        return [*OPEN, *(line for line in super()._config() if not line.startswith("ForceCommand"))]


@pytest.mark.parametrize(("kind", "is_open"), [(Sshd, False), (OpenSshd, True)])
def test_each_attempt_tells_an_open_door_from_a_shut_one(tmp_path, kind, is_open):
    public = make_client_key(tmp_path / "key")
    with kind(tmp_path / "sshd", tmp_path) as sshd:
        (tmp_path / "sshd/authorized_keys").write_text(f"{'' if is_open else 'restrict '}{public}\n")
        found = {}
        for name, attempt in TRIES.items():
            link = open_ssh(
                parse_sftp(sshd.url()),
                key_path=tmp_path / "key",
                host_keys=sshd.host_keys,
                connect_timeout_s=60,
                step_timeout_s=60,
            )
            found[name] = attempt(link, sshd.port)
            link.close()
    assert found == dict.fromkeys(TRIES, is_open)
