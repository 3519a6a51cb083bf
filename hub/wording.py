"""Text that a person reads, marked where it is written and translated where it is shown."""


def later(text: str) -> str:
    """Return `text` as it is; the message catalogues collect it, pages translate it, the CLI prints it."""
    return text
