"""The API under load: the whole stack on this machine, asked by 1, 16 and 64 clients at once."""
