"""A small web on loopback addresses: sites that reserve, permit, block and fail in known ways."""

from crawler.demoweb.server import DemoWeb

__all__ = ["DemoWeb"]
