import os
from datetime import timedelta

ISSUER = os.environ.get("TOKENRY_ISSUER", "http://127.0.0.1:7519")
TOKENRY = {
    "ISSUER": ISSUER,
    "AUDIENCE": os.environ.get("TOKENRY_AUDIENCE", ISSUER),
    "JWKS": os.environ.get("TOKENRY_JWKS", f"{ISSUER}/.well-known/jwks.json"),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.AccountAuthentication",
        # Until the last of its refresh tokens has ended.
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
SIMPLE_JWT = {"REFRESH_TOKEN_LIFETIME": timedelta(days=1)}

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "accounts"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
SECRET_KEY = os.environ.get("SECRET_KEY", "an example has no secrets, but it needs 32 bytes")
