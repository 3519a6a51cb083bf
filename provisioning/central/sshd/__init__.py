"""The SSH server of the depot's host: an own sshd with an account for each hub. docs/adr/0020-depot-host.md."""
