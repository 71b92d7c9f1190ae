"""A mail server for tests: says its port, then writes down every mail it takes as one line of JSON.

It ends when its standard input is closed, so that it never outlives the test that started it.
"""

import argparse
import asyncio
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Taker:
    """Takes mails, or answers every one with the reply it was told to give."""

    def __init__(self, reply):
        self.reply = reply

    async def handle_DATA(self, server, session, envelope):
        if self.reply:
            return self.reply
        mail = {
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.login.decode() if session.authenticated else None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode(),
        }
        print(json.dumps(mail), flush=True)
        return "250 taken"


def sign_in(user, password):
    def judge(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right, auth_data=data, handled=False)

    return judge


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--cert")
    options.add_argument("--key")
    options.add_argument("--tls", choices=["none", "starttls", "wrapped"], default="none")
    options.add_argument("--user")
    options.add_argument("--password")
    options.add_argument("--reply")
    chosen = options.parse_args()

    context = None
    if chosen.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.cert, chosen.key)
    wanted = {}
    if chosen.user:
        wanted = {"authenticator": sign_in(chosen.user, chosen.password), "auth_required": True}
    if chosen.tls == "starttls":
        wanted |= {"tls_context": context, "require_starttls": True}
    else:
        wanted |= {"auth_require_tls": False}

    def connection():
        return SMTP(Taker(chosen.reply), hostname="mail.test", enable_SMTPUTF8=True, **wanted)

    loop = asyncio.get_running_loop()
    wrapped = context if chosen.tls == "wrapped" else None
    server = await loop.create_server(connection, "127.0.0.1", chosen.port, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# Connections that come to nothing are what some tests are about, and they would be written down at length.
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
asyncio.run(main())
