"""Signs the claims on stdin with PyJWT and a shared key: HEX_KEY."""

import json
import sys

import jwt

print(jwt.encode(json.load(sys.stdin), bytes.fromhex(sys.argv[1]), algorithm="HS256", headers={"typ": "at+jwt"}), end="")
