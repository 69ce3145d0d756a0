"""The example of a Django application on its way from simplejwt takes the tokens of both.

EXAMPLES ISSUER JWKS, and `{id, token}` on stdin.
"""

import json
import os
import sys

import django

examples, issuer, jwks = sys.argv[1:]
sys.path[:0] = [f"{examples}/django-migration", f"{examples}/django-api"]
sys.dont_write_bytecode = True
os.environ |= {"DJANGO_SETTINGS_MODULE": "settings", "TOKENRY_ISSUER": issuer, "TOKENRY_JWKS": jwks}
django.setup()

import jwt  # noqa: E402
from accounts.models import Account  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402


def get(token):
    answer = APIClient().get("/orders", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.data.get("owner")


login = json.load(sys.stdin)
call_command("migrate", run_syncdb=True, verbosity=0)
user = User.objects.create_user("kim", password="correct horse battery")

old = APIClient().post("/api/token/", {"username": "kim", "password": "correct horse battery"}, format="json").data
assert get(old["access"]) == (200, user.pk)
assert get(login["token"]) == (401, None), "there is no row yet"
Account.objects.create(tokenry_id=login["id"], user=user)
assert get(login["token"]) == (200, user.pk)
assert get(old["access"]) == (200, user.pk)

# Neither takes what another key has signed, whatever it calls itself.
claims = jwt.decode(login["token"], options={"verify_signature": False})
for typ in ["at+jwt", "JWT"]:
    for extra in [{}, {"user_id": str(user.pk), "token_type": "access"}]:
        forged = jwt.encode(claims | extra, "another key of more than 32 bytes, too", headers={"typ": typ})
        assert get(forged) == (401, None), (typ, extra)
assert get(old["refresh"]) == (401, None)

new = APIClient().post("/api/token/refresh/", {"refresh": old["refresh"]}, format="json").data
assert get(new["access"]) == (200, user.pk)
user.is_active = False
user.save()
assert get(login["token"]) == get(new["access"]) == (401, None)
