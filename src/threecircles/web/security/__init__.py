"""What stands between a request and a page: sessions, sign-in, and the one way out to other machines."""

__all__: list[str] = []
