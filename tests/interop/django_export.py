"""Makes users with a real Django and exports them: DIRECTORY. Writes dump.json, users.csv and expected.json."""

import csv
import json
import sys
import unicodedata
from pathlib import Path

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    PASSWORD_HASHERS=[
        f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ["PBKDF2", "Argon2", "BCryptSHA256", "Scrypt"]
    ],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402

SCHEMES = ["pbkdf2_sha256", "argon2", "bcrypt_sha256", "scrypt"]
HASHES = 20
USERS = 10_000
# Rows that can't be taken, by index, and why.
BAD = {17: "unusable", 4711: "folded name", 9000: "repeated e-mail"}


def password(number):
    text = f"pass wörd 비밀 {number}"
    # As different keyboards send it.
    return unicodedata.normalize("NFD" if number % 2 else "NFC", text)


directory = Path(sys.argv[1])
call_command("migrate", verbosity=0)
editors, authors = Group.objects.create(name="Content Editors"), Group.objects.create(name="authors")
hashes = [(scheme, number, make_password(password(number), hasher=scheme)) for scheme in SCHEMES for number in range(HASHES)]
users, logins = [], {}
for index in range(USERS):
    scheme, number, encoded = hashes[index % len(hashes)]
    user = User(
        username=f"사용자{index}" if index % 10 == 3 else f"user{index}",
        email=f"user{index}@example.com" if index % 3 == 0 else "",
        first_name="김" if index % 2 else "",
        password=encoded,
        is_active=index % 97 != 5,
        is_staff=index % 50 == 0,
        is_superuser=index % 500 == 0,
    )
    if BAD.get(index) == "unusable":
        user.set_unusable_password()
    if BAD.get(index) == "folded name":
        user.username = "USER4710"
    if BAD.get(index) == "repeated e-mail":
        user.email = "User3@example.com"
    elif user.is_active and not BAD.get(index) and index >= 100:
        logins.setdefault(scheme, {"username": user.username, "password": password(number)})
    users.append(user)
User.objects.bulk_create(users)
for user in User.objects.filter(is_staff=True):
    user.groups.add(editors, authors)
call_command("dumpdata", "auth.group", "auth.user", output=str(directory / "dump.json"), verbosity=0)
columns = [field.name for field in User._meta.concrete_fields]
with open(directory / "users.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow([*columns, "groups"])
    for user in User.objects.order_by("pk").prefetch_related("groups"):
        groups = ";".join(group.name for group in user.groups.all())
        writer.writerow([*("" if value is None else value for value in (getattr(user, name) for name in columns)), groups])
expected = {
    "users": USERS,
    "bad": {str(index): why for index, why in BAD.items()},
    "logins": logins,
    "disabled": {"username": "user102", "password": password(hashes[102 % len(hashes)][1])},
    "editor": {"username": "user100", "password": password(hashes[100 % len(hashes)][1])},
}
(directory / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
