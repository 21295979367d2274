"""Handing mails over to a server (RFC 5321, RFC 6409), and again later if it is away.

A mail is sent once, except where a process is killed between the server's yes and ours: then twice.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from crawler.config import Config
from crawler.mail.answers import forget, own_address
from crawler.mail.fields import first, read_fields, split_header
from crawler.mail.outbox import Outbox
from crawler.network.addresses import is_loopback
from crawler.store.database import Connection, DatabaseError, open_database
from crawler.store.letters import MailState, claim, settle_mail
from crawler.store.queries.letters import MailRow, mails

PASSWORD = "FORBEAR_MAIL_PASSWORD"  # noqa: S105 - the name of a variable
IMPLICIT_TLS = 465
Clock = Callable[[], datetime]


class ServerError(Exception):
    """The server cannot be used now; the message says why, and names no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of the mails that waited."""

    sent: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    left: int = 0
    """Still waiting."""
    problem: str = ""
    """Why they are, in words without addresses."""


def send_waiting(config: Config, now: Clock, *, refused: bool = False) -> Report:
    """Send what waits; with `refused` also what the server would not take before. Raises DatabaseError."""
    states = (MailState.WAITING.value, *([MailState.REFUSED.value] if refused else []))
    engine = open_database(config.database_url)
    try:
        with engine.begin() as connection:
            forget(connection, config, now())
            waiting = mails(connection, states=states)
        if not waiting:
            return Report()
        post = _Post(config, engine.begin, now)
        try:
            with _server(config) as server:
                for row in waiting:
                    post.send(server, row, refused=refused)
        except ServerError as error:
            post.problem = str(error)
        with engine.begin() as connection:
            left = len(mails(connection, states=(MailState.WAITING.value,)))
    finally:
        engine.dispose()
    return Report(
        sent=tuple(post.done[MailState.SENT]),
        refused=tuple(post.done[MailState.REFUSED]),
        gone=tuple(post.done[MailState.GONE]),
        left=left,
        problem=post.problem,
    )


class _Post:
    """One visit to the server."""

    def __init__(
        self, config: Config, begin: Callable[[], AbstractContextManager[Connection]], now: Clock
    ) -> None:
        self._outbox, self._sender = Outbox(config), own_address(config)
        self._begin, self._now = begin, now
        self.done: dict[MailState, list[str]] = {state: [] for state in MailState}
        self.problem = ""

    def send(self, server: smtplib.SMTP, row: MailRow, *, refused: bool) -> None:
        """Send one mail, unless another process does. Raises ServerError where the next would fail too."""
        with self._begin() as connection:
            if not claim(connection, row.id, self._now(), refused=refused):
                return
        content = self._outbox.take(row.file)
        if content is None:
            self._settle(row, MailState.GONE, "its file is no longer in the outbox")
            return
        try:
            _handed_over(server, self._sender, content)
        except ServerError as error:
            self._settle(row, MailState.WAITING, str(error))
            raise
        except smtplib.SMTPException as error:
            state, problem = _outcome(error)
            self._settle(row, state, problem)
            self.problem = problem
        else:
            self._settle(row, MailState.SENT, None)
            self._outbox.sent(row.file)

    def _settle(self, row: MailRow, state: MailState, problem: str | None) -> None:
        with self._begin() as connection:
            settle_mail(connection, row.id, state, self._now(), problem)
        self.done[state].append(row.file)


@contextmanager
def _server(config: Config) -> Iterator[smtplib.SMTP]:
    """A connection that may be trusted with addresses. Raises ServerError."""
    mail, password = config.mail, os.environ.get(PASSWORD, "")
    if not mail.host:
        raise ServerError("no server is set; [mail] host names one")
    context, timeout = ssl.create_default_context(), config.network.timeout
    name = own_address(config).rpartition("@")[2] or None
    try:
        if mail.port == IMPLICIT_TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.host, mail.port, local_hostname=name, timeout=timeout, context=context
            )
        else:
            server = smtplib.SMTP(mail.host, mail.port, local_hostname=name, timeout=timeout)
    except (OSError, smtplib.SMTPException) as error:
        raise ServerError(f"{mail.host}:{mail.port}: {_why(error)}") from error
    try:
        _prepare(server, config, context, password)
        yield server
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise ServerError(f"{mail.host}:{mail.port}: {_why(error)}") from error
    finally:
        server.close()


def _prepare(server: smtplib.SMTP, config: Config, context: ssl.SSLContext, password: str) -> None:
    mail = config.mail
    try:
        if mail.starttls and mail.port != IMPLICIT_TLS:
            server.starttls(context=context)
        if mail.user:
            is_here = mail.host == "localhost" or is_loopback(mail.host)
            if not (mail.starttls or mail.port == IMPLICIT_TLS or is_here):
                raise ServerError("a password is not sent in the clear; set [mail] starttls = true")
            server.login(mail.user, password)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:
        raise ServerError(f"{mail.host}:{mail.port}: {_why(error)}") from error


def _handed_over(server: smtplib.SMTP, sender: str, content: bytes) -> None:
    """Raises ServerError where the connection is lost, SMTPException where this one mail failed."""
    to = first(read_fields(split_header(content)[0]), "to")
    utf8 = not to.isascii()
    try:
        # The sender's own address, not the empty one: what bounces comes back and is known as a bounce.
        server.sendmail(sender, [to], content, ["SMTPUTF8"] if utf8 else [])
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
            raise
        raise ServerError(_why(error)) from error


def _outcome(error: smtplib.SMTPException) -> tuple[MailState, str]:
    """5yz is a no for good, everything else one for now (RFC 5321 section 4.2.1)."""
    codes = [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    final = isinstance(error, smtplib.SMTPNotSupportedError) or bool(codes and all(c >= 500 for c in codes))
    return (MailState.REFUSED if final else MailState.WAITING), _why(error)


def _why(error: Exception) -> str:
    """What went wrong, without what the server said: it may repeat an address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return f"the recipient was refused ({', '.join(map(str, codes))})"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"user or password was refused ({error.smtp_code}); the password is read from {PASSWORD}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the server cannot do what is needed (STARTTLS, AUTH or SMTPUTF8)"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return error.strerror or type(error).__name__
    return "the connection was lost" if isinstance(error, smtplib.SMTPServerDisconnected) else "it failed"


__all__ = ["PASSWORD", "DatabaseError", "Report", "ServerError", "send_waiting"]
