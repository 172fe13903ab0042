"""The one way from this program to another machine: a named host, over TLS, and no private address.

Nothing a reader types is ever fetched. The only caller is sign-in, and the only host is the provider
that the place's own file names.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx

from threecircles.core.errors import NotPermitted

SECONDS = 10.0
LARGEST = 1_000_000
"""Bytes of the largest answer that is read: keys and tokens are far smaller."""


class NamedHosts(httpx.BaseTransport):
    """Lets requests out to the named hosts only, at the address that was checked.

    hosts: names, each with its port where it is not the usual one. inside: addresses of this machine
    or of a private network are allowed, which a place says of a provider in its own building.
    """

    def __init__(self, hosts: tuple[str, ...], *, inside: bool = False) -> None:
        self.hosts, self.inside = hosts, inside
        self._out = httpx.HTTPTransport(retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of a named host. Raises NotPermitted for every other."""
        url = request.url
        named = url.host if url.port is None else f"{url.host}:{url.port}"
        if named not in self.hosts:
            raise NotPermitted(
                "This program asks no such host.", found=named, allowed=", ".join(self.hosts)
            )
        address = _address(
            url.host, url.port or (443 if url.scheme == "https" else 80), self.inside
        )
        if url.scheme != "https" and not ipaddress.ip_address(address).is_loopback:
            raise NotPermitted("Sign-in goes over TLS only.", found=url.scheme, allowed="https")
        # The connection goes to the address that was judged: a name that changes in between leads nowhere.
        pinned = httpx.Request(
            request.method, url.copy_with(host=address), headers=request.headers, stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )  # fmt: skip
        answer = self._out.handle_request(pinned)
        if int(answer.headers.get("content-length", "0")) > LARGEST:
            answer.close()
            raise NotPermitted("The provider's answer is too large.", allowed=f"{LARGEST:,} bytes")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._out.close()


def client(hosts: tuple[str, ...], *, inside: bool = False) -> httpx.Client:
    """A client for the named hosts. Follows no redirect, takes no proxy from the environment."""
    return httpx.Client(
        transport=NamedHosts(hosts, inside=inside),
        timeout=SECONDS,
        follow_redirects=False,
        trust_env=False,
    )


def _address(host: str, port: int, inside: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotPermitted("The sign-in provider cannot be found.", found=host) from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    judged = [ipaddress.ip_address(a) for a in addresses]
    if not inside and any(not a.is_global for a in judged):
        raise NotPermitted(
            "The sign-in provider lies at an address inside a private network.", found=host,
            mend="Say `inside: true` in sign_in.yaml if that is where your council keeps it.",
        )  # fmt: skip
    return addresses[0]
