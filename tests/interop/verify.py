"""Verifies a token with PyJWT, knowing the address of the JWKS and nothing else: JWKS_URL ISSUER AUDIENCE, token on stdin."""

import json
import sys

import jwt

url, issuer, audience = sys.argv[1:]
token = sys.stdin.read()
key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
algorithm = jwt.get_unverified_header(token)["alg"]
claims = jwt.decode(
    token,
    key.key,
    algorithms=[algorithm],
    issuer=issuer,
    audience=audience,
    options={"require": ["iss", "aud", "exp", "iat", "sub", "jti"]},
)
print(json.dumps(claims))
