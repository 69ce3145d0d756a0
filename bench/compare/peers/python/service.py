"""Django REST framework with simplejwt: `GET /orders` with an access token, and `POST /refresh` with rotation and
blacklist. Settings come from the environment: FIXTURE, and DATABASE, which is a file or a folder and port of PostgreSQL.

`python service.py SESSIONS` makes the tables and that many sessions, and prints their refresh tokens as a JSON array.
`python service.py serve` answers, with gunicorn, and prints the port."""

import base64
import json
import os
import sys
from datetime import timedelta

import django
from django.conf import settings

with open(os.environ["FIXTURE"], encoding="utf-8") as file:
    FIXTURE = json.load(file)


def database():
    where = os.environ.get("DATABASE", ":memory:")
    if " " not in where:
        # As durable as the others: every commit is flushed. (Django leaves SQLite at its default, which is FULL.)
        options = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": where, "OPTIONS": options, "CONN_MAX_AGE": None}
    host, port, name = where.split(" ")
    engine = "django.db.backends.postgresql"
    return {"ENGINE": engine, "NAME": name, "USER": "tokenry", "HOST": host, "PORT": port, "CONN_MAX_AGE": None}


settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    USE_TZ=True,
    DATABASES={"default": database()},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt",
        "rest_framework_simplejwt.token_blacklist",
    ],
    # It says how long an answer is.
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
    SIMPLE_JWT={
        "ALGORITHM": "HS256",
        "SIGNING_KEY": base64.b64decode(FIXTURE["keys"]["HS256"]["private"]),
        "ISSUER": FIXTURE["issuer"],
        "AUDIENCE": FIXTURE["audience"],
        "USER_ID_CLAIM": "sub",
        "TOKEN_TYPE_CLAIM": None,
        "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),
        "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "UPDATE_LAST_LOGIN": False,
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework_simplejwt.views import TokenRefreshView  # noqa: E402


@api_view(["GET"])
def orders(request):
    return HttpResponse(f"hello {request.user.id}", content_type="text/plain; charset=utf-8")


urlpatterns = [path("orders", orders), path("refresh", TokenRefreshView.as_view())]
application = get_wsgi_application()


def sessions(count):
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from rest_framework_simplejwt.tokens import RefreshToken

    call_command("migrate", verbosity=0)
    users = [User(username=f"user{number}", password="!") for number in range(count)]
    User.objects.bulk_create(users)
    return [str(RefreshToken.for_user(user)) for user in User.objects.all()]


class Gunicorn(BaseApplication):
    """One worker for one core; threads, because the worker without any closes each connection after its answer."""

    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 4)
        self.cfg.set("keepalive", 60)
        self.cfg.set("loglevel", "warning")
        self.cfg.set("when_ready", lambda server: print(server.LISTENERS[0].sock.getsockname()[1], flush=True))

    def load(self):
        return application


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        Gunicorn().run()
    else:
        print(json.dumps(sessions(int(sys.argv[1]))))
