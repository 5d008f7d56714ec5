"""Text from the web made fit for a row."""


def one_line(text: str, limit: int) -> str:
    """One line of at most `limit` real characters.

    Raw bytes in headers and halves of characters in JSON come as lone surrogates, which no JSON row can hold: they
    become question marks.
    """
    return " ".join(text.encode(errors="replace").decode().split())[:limit].rstrip()
