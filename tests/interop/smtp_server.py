"""A mail server that does as it is told.

Writes its port and then each mail that it took as lines of JSON. Reads from standard input what to do with the next
mails: accept, refuse (for good), later (for now), drop (the connection), slow (accept after 50 ms).
"""
import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP

mode = "accept"


class Handler:
    async def handle_DATA(self, server, session, envelope):
        answers = {"refuse": "550 5.7.1 never", "later": "451 4.3.0 not now"}
        if mode in answers:
            say({"refused": mode})
            return answers[mode]
        if mode == "drop":
            say({"refused": mode})
            server.transport.abort()
            return "250 OK"
        if mode == "slow":
            await asyncio.sleep(0.05)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        say({
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": parts.get("text/plain", ""),
            "html": parts.get("text/html", ""),
        })
        return "250 OK"


def say(line):
    print(json.dumps(line), flush=True)


async def main():
    global mode
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="mail.test"), "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        mode = line.strip()
        say({"mode": mode})


asyncio.run(main())
