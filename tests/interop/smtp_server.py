"""A mail server that does as it is told.

Options: --certificate and --key files, --tls starttls or implicit, --auth a mechanism that is offered, behind TLS alone.

Writes its port and then, as lines of JSON, each step that did something special and each mail that it took. Reads what to do
from standard input, as lines `STEP ACTION`, each of which is answered, too; `clear` forgets all of it. A step is connect,
ehlo, auth, mail, rcpt, data, end (all of the mail is there) or quit; an action is

  4xx, 5xx   refuse, for now or for good
  drop       break the connection off
  swallow    at the end: take the mail and break the connection off
  late N     at the end: take the mail and say so after N milliseconds
  delay N    go on after N milliseconds
  hold       go on when the next line is read
"""
import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

plan = {}
released = asyncio.Event()


class Server(SMTP):
    async def _handle_client(self):
        if not await self.at("connect"):
            await super()._handle_client()
        elif self.transport:
            self.transport.close()

    async def smtp_EHLO(self, hostname):
        if not await self.at("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg):
        if not await self.at("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        if not await self.at("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        if not await self.at("rcpt"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if not await self.at("data"):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg):
        if not await self.at("quit"):
            await super().smtp_QUIT(arg)

    async def at(self, step):
        """Does what is to be done at a step. Whether that was all."""
        action, *number = plan.get(step, "none").split()
        if action == "none":
            return False
        say({"step": step, "did": action})
        if action == "late":
            take(self.envelope)
        if action in ("delay", "late"):
            await asyncio.sleep(int(number[0]) / 1000)
            return False
        if action == "hold":
            await released.wait()
            return False
        if action in ("drop", "swallow"):
            if action == "swallow":
                take(self.envelope)
            self.transport.abort()
            return True
        codes = {"connect": ("421", "554"), "auth": ("454", "535")}.get(step, ("451", "550"))
        await self.push(f"{codes[action == '5xx']} as told")
        return True


class Handler:
    async def handle_DATA(self, server, session, envelope):
        action = plan.get("end", "none")
        if action in ("4xx", "5xx"):
            say({"step": "end", "did": action})
            return {"4xx": "451 as told", "5xx": "554 as told"}[action]
        if await server.at("end"):
            return "250 that no one hears"
        if not action.startswith("late"):
            take(envelope)
        return "250 OK"


def take(envelope):
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
    say({
        "to": envelope.rcpt_tos,
        "from": envelope.mail_from,
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "text": parts.get("text/plain", ""),
        "html": parts.get("text/html", ""),
    })


def check(server, session, envelope, mechanism, login):
    given = [text.decode() for text in (login.login, login.password)]
    say({"mechanism": mechanism, "login": given})
    return AuthResult(success=given == ["tokenry", "the password of the mail server"], handled=False)


def say(line):
    print(json.dumps(line), flush=True)


async def main():
    parser = argparse.ArgumentParser()
    for name in ("certificate", "key", "tls", "auth"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
    made = {"hostname": "mail.test", "enable_SMTPUTF8": True}
    if options.tls == "starttls":
        made |= {"tls_context": context, "require_starttls": True}
    if options.auth:
        others = {"PLAIN", "LOGIN"} - {options.auth}
        # aiosmtpd does not see TLS that is there from the first byte.
        behind = options.tls == "starttls"
        made |= {"authenticator": check, "auth_exclude_mechanism": others, "auth_required": True, "auth_require_tls": behind}
    implicit = context if options.tls == "implicit" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(Handler(), **made), "127.0.0.1", 0, ssl=implicit)
    say({"port": server.sockets[0].getsockname()[1]})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        step, _, action = line.strip().partition(" ")
        if step == "clear":
            plan.clear()
        else:
            plan[step] = action
        say({"plan": dict(plan)})
        released.set()
        released.clear()


asyncio.run(main())
