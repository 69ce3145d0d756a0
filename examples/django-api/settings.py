import os

# Where Tokenry is, and what it calls this service: one of its `token.audience`.
ISSUER = os.environ.get("TOKENRY_ISSUER", "http://127.0.0.1:7519")
TOKENRY = {
    "ISSUER": ISSUER,
    "AUDIENCE": os.environ.get("TOKENRY_AUDIENCE", ISSUER),
    "JWKS": os.environ.get("TOKENRY_JWKS", f"{ISSUER}/.well-known/jwks.json"),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["authentication.TokenryAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # This service has no accounts of its own, and no pages.
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

INSTALLED_APPS = ["rest_framework"]
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
# Nothing of this service is signed with it.
SECRET_KEY = os.environ.get("SECRET_KEY", "an example has no secrets")
