"""The SSH server of the depot's host: its own sshd, an account for each hub. docs/adr/0020-depot-host.md."""
