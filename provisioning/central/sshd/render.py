"""The files of the depot's SSH server, as text. No I/O: what is here is decided by its arguments."""

import shlex

from provisioning.central.sshd.names import (
    CHROOT,
    CONFIG,
    GROUP,
    INBOX,
    INBOX_IMAGE,
    KEYS,
    PID,
    PROBE_KEYS,
    READ_ONLY,
    START,
    STATE_DIR,
)
from provisioning.central.sshd.setup import Setup
from provisioning.central.sshd.version import PENALTIES, Version

# A hub whose link is cut every minute leaves sessions behind that end after ALIVE_S; each has two processes.
HUB_PROCESSES = 32
FILE_BYTES = 512 * 1024  # a report has at most half of that
MAX_STARTUPS = "200:30:600"  # sshd's own 10:30:100 refuses 89 of 200 hubs that call at once: make bench
_ALIVE_S, _ALIVE_TRIES = 30, 4
_GRACE_S = 180  # five round trips of 1.5 s and 5 KB at 64 kbit/s take 10 s; a busy hub and host some more
_HEADER = "# Written by `central sshd-config --apply`; what is changed here by hand, that changes back."


def render_config(setup: Setup, host_keys: tuple[str, ...], version: Version) -> str:
    """Return the whole sshd_config; `host_keys` are paths of the private keys that the server shows."""
    sections = (
        ("", [f"Port {setup.port}", *(f"HostKey {path}" for path in host_keys), f"PidFile {PID}"]),
        ("who may sign in: hubs, each with its own key", _sign_in()),
        ("what they may do: SFTP of one depot, with the requests that a sync makes", _session()),
        ("what goes on the wire: one of each, since the offer is sent in every session", _wire()),
        ("long, narrow lines, and many hubs behind one address", _line(version)),
    )
    lines = [_HEADER, f"# For OpenSSH {version[0]}.{version[1]}."]
    for title, section in sections:
        lines += ["", f"# {title[0].upper()}{title[1:]}."] if title else [""]
        lines += section
    return "\n".join(lines) + "\n"


def _sign_in() -> list[str]:
    return [
        f"AllowGroups {GROUP}",
        "PermitRootLogin no",
        "AuthenticationMethods publickey",
        "PubkeyAuthentication yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "HostbasedAuthentication no",
        f"AuthorizedKeysFile {KEYS}/%u {PROBE_KEYS}/%u",
        "StrictModes yes",
        "UsePAM no",  # it would make a login session of systemd for every sync
        "PermitUserRC no",
        "PermitUserEnvironment no",
    ]


def _session() -> list[str]:
    return [
        f"ChrootDirectory {CHROOT}",
        # No ForceCommand: it counts more than the command at each key, and a token may do less than a hub.
        "Subsystem sftp internal-sftp",
        "DisableForwarding yes",
        "AllowTcpForwarding no",
        "AllowStreamLocalForwarding no",
        "AllowAgentForwarding no",
        "X11Forwarding no",
        "PermitTunnel no",
        "GatewayPorts no",
        "PermitTTY no",
        "MaxSessions 1",
    ]


def _wire() -> list[str]:
    return [
        "HostKeyAlgorithms ssh-ed25519,rsa-sha2-512,ecdsa-sha2-nistp256",
        "KexAlgorithms curve25519-sha256@libssh.org,curve25519-sha256,ecdh-sha2-nistp256",
        "Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr",
        "MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-256",
        "Compression no",
        "PrintMotd no",
        "PrintLastLog no",
        "Banner none",
    ]


def _line(version: Version) -> list[str]:
    lines = [
        f"LoginGraceTime {_GRACE_S}",
        f"ClientAliveInterval {_ALIVE_S}",
        f"ClientAliveCountMax {_ALIVE_TRIES}",
        "TCPKeepAlive yes",
        "UnusedConnectionTimeout 60",
        "MaxAuthTries 3",
        f"MaxStartups {MAX_STARTUPS}",
        "PerSourceMaxStartups none",
        "UseDNS no",
        "LogLevel VERBOSE",  # which key signed in
    ]
    if version >= PENALTIES:
        # Schools of a municipality share a carrier's address: one whose line breaks must not lock out
        # the rest. There are no passwords to guess. Who makes sshd crash is an attacker, and waits.
        # `min` keeps out what later releases count besides, for seconds each; it must be less than the 600.
        lines.insert(-2, "PerSourcePenalties crash:600 authfail:0 noauth:0 grace-exceeded:0 min:500 max:600")
    return lines


def render_start(setup: Setup, sshd: str) -> str:
    """Return the shell script that mounts the depot read-only, for nobody else to see, and runs sshd."""
    inbox = shlex.quote(str(setup.depot / INBOX))
    return _START.format(
        header=_HEADER,
        mount_inboxes=_mount_inboxes(setup, inbox),
        chroot=CHROOT,
        parts=" ".join(READ_ONLY),
        depot=shlex.quote(str(setup.depot)),
        inbox=inbox,
        processes=HUB_PROCESSES,
        bytes=FILE_BYTES,
        sshd=shlex.quote(sshd),
        config=CONFIG,
    )


def _mount_inboxes(setup: Setup, inbox: str) -> str:
    if not setup.inbox_mib:
        return ":"
    # After a power cut nobody else looks whether this disk is whole; one that is takes no time.
    return (
        f"mountpoint -q {inbox} || {{ e2fsck -p {INBOX_IMAGE} >&2 || true; "
        f"mount -o {inbox_options(quota=setup.has_quota)} {INBOX_IMAGE} {inbox}; }}"
    )


def inbox_options(*, quota: bool) -> str:
    """Return how the disk of the inboxes is mounted; only with `usrquota` the kernel holds to limits."""
    return "loop,nosuid,nodev,noexec,noatime" + (",usrquota" if quota else "")


_START = """\
#!/bin/sh
{header}
# What hub-sshd.service runs. Mounts that only sshd and its sessions see: no fstab, nothing left behind.
set -eu
if [ "${{1-}}" != inside ]; then
    {mount_inboxes}
    exec unshare --mount --propagation private "$0" inside
fi
bind() {{
    mount --bind "$1" "$2"
    mount -o "remount,bind,$3,nosuid,nodev,noexec" "$2"
}}
bind {chroot} {chroot} ro
for part in {parts}; do
    bind {depot}/$part {chroot}/$part ro
done
bind {inbox} {chroot}/inbox rw
mkdir -p -m 0755 /run/sshd
exec prlimit --nproc={processes}:{processes} --fsize={bytes}:{bytes} --core=0:0 \\
    {sshd} -D -e -f {config}
"""


def render_units(setup: Setup, central: str) -> dict[str, str]:
    """Return the systemd units by name; `central` is the path of that program."""
    office = setup.office.replace("%", "%%")
    quoted = f'"{office}"' if " " in office else office
    return {
        "hub-sshd.service": _SERVICE.format(header=_HEADER, office=quoted, start=START, state=STATE_DIR),
        "hub-accounts.path": _PATH.format(header=_HEADER, office=office),
        "hub-accounts.timer": _TIMER.format(header=_HEADER),
        "hub-accounts.service": _ACCOUNTS.format(header=_HEADER, office=quoted, central=central),
    }


_SERVICE = """\
{header}
[Unit]
Description=SSH server of the classroom hubs' depot
After=network.target
RequiresMountsFor={office} {state}

[Service]
Type=notify
ExecStart={start}
TimeoutStartSec=600
ExecReload=/bin/kill -HUP $MAINPID
KillMode=control-group
Restart=on-failure
RestartSec=5
TasksMax=8192
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"""
_PATH = """\
{header}
[Unit]
Description=Watches which hubs the office lets in

[Path]
PathChanged={office}/hub-keys

[Install]
WantedBy=multi-user.target
"""
_TIMER = """\
{header}
# What changed while the machine was off, or in the moment in which systemd does not watch.
[Unit]
Description=Looks now and then which hubs the office lets in

[Timer]
OnBootSec=20s
OnUnitInactiveSec=5min

[Install]
WantedBy=timers.target
"""
_ACCOUNTS = """\
{header}
[Unit]
Description=Accounts of the hubs that the office lets in
After=hub-sshd.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={central} --dir {office} sshd-config --apply --accounts-only
"""
