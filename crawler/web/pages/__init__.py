"""The pages: one a file, each with a `ROUTER`; `crawler.web.app` finds them."""
