"""Lets in whoever brings an access token of Tokenry, by the issuer's public keys alone."""

import time
from dataclasses import dataclass

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed


class TokenryAuthentication(BaseAuthentication):
    """Makes `request.user` a `Caller`, and `request.auth` the token's claims."""

    def authenticate(self, request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_access_token(token):
            return None
        claims = verify(token)
        return Caller(claims), claims

    def authenticate_header(self, request):
        # The error tells a client that another token could help (RFC 6750 section 3.1).
        return 'Bearer realm="orders"' + (', error="invalid_token"' if "Authorization" in request.headers else "")


@dataclass(frozen=True, eq=False)
class Caller:
    """Who sent the request. Nothing was looked up: all of it stood in the token."""

    claims: dict
    is_authenticated = True

    @property
    def pk(self):
        return self.claims["sub"]


def is_access_token(token):
    """Whether its header says so (RFC 9068 section 4). Other tokens are left to other authentication classes."""
    try:
        typ = jwt.get_unverified_header(token).get("typ")
    except jwt.PyJWTError:
        return False
    return str(typ).lower() in ("at+jwt", "application/at+jwt")


def verify(token):
    """The claims of a good access token."""
    try:
        key = KEYS.get_signing_key_from_jwt(token)
        return jwt.decode(
            token,
            key.key,
            # The key's own one, never the token's word for it (RFC 8725 section 3.1).
            algorithms=[key.algorithm_name],
            issuer=settings.TOKENRY["ISSUER"],
            audience=settings.TOKENRY["AUDIENCE"],
            options={"require": ["iss", "aud", "exp", "iat", "sub"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise Unavailable from error
    except jwt.PyJWTError as error:
        raise AuthenticationFailed(str(error)) from error


class Unavailable(APIException):
    status_code = 503
    default_detail = "The keys that tokens are verified with can't be had at the moment."


class Keys(jwt.PyJWKClient):
    """The issuer's keys, kept for five minutes. Unknown ones are asked for at most every ten seconds, whatever is sent."""

    asked = float("-inf")

    def fetch_data(self):
        if self.jwk_set_cache.get() and time.monotonic() < self.asked + 10:
            raise jwt.PyJWKClientError("no key is known by the token's kid")
        self.asked = time.monotonic()
        return super().fetch_data()


KEYS = Keys(settings.TOKENRY["JWKS"], timeout=5)
