"""The pages as an application, in two halves: `evidence` shows what was released, `work` is for permitted people."""

from threecircles.web.app import create_app

__all__ = ["create_app"]
