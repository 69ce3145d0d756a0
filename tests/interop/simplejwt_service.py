"""Runs the service that the comparison counts: FOLDER. Log-in, protected call, renewal and log-out do what they say."""

import runpy
import sys
import types

import django
from django.conf import settings

sys.dont_write_bytecode = True
source = f"{sys.argv[1]}/service.py"
text = open(source).read()
# Django wants to know the settings before anything is imported that asks for them: they stand between the imports and the view.
parts = {}
exec(text[text.index("INSTALLED_APPS") : text.index("@api_view")], parts)
parts = {name: value for name, value in parts.items() if name.isupper()}
urls = types.ModuleType("urls")
sys.modules["urls"] = urls
settings.configure(
    **parts,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF="urls",
    SECRET_KEY="a secret of more than 32 bytes, for HS256",
    ALLOWED_HOSTS=["testserver"],
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

urls.urlpatterns = runpy.run_path(source)["urlpatterns"]
call_command("migrate", verbosity=0)
user = User.objects.create_user("kim", password="correct horse battery")


def post(path, body):
    answer = APIClient().post(path, body, format="json")
    return answer.status_code, answer.data


def orders(token):
    return APIClient().get("/api/orders", headers={"Authorization": f"Bearer {token}"}).status_code


status, pair = post("/api/token/", {"username": "kim", "password": "correct horse battery"})
assert (status, orders(pair["access"]), orders("a.b.c")) == (200, 200, 401)
status, renewed = post("/api/token/refresh/", {"refresh": pair["refresh"]})
assert (status, orders(renewed["access"])) == (200, 200)
assert post("/api/token/refresh/", {"refresh": pair["refresh"]})[0] == 401
assert post("/api/token/blacklist/", {"refresh": renewed["refresh"]})[0] == 200
assert post("/api/token/refresh/", {"refresh": renewed["refresh"]})[0] == 401
