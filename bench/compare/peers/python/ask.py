"""JWT libraries for Python, driven by the measurements: `python ask.py FIXTURE`, then `OPERATION ALGORITHM LIBRARY CALLS`
a line, answered with nanoseconds for all of the calls, or `-`: not offered."""

import base64
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt

with open(sys.argv[1], encoding="utf-8") as file:
    FIXTURE = json.load(file)
ISSUER, AUDIENCE, CLAIMS = FIXTURE["issuer"], FIXTURE["audience"], FIXTURE["claims"]


def private(algorithm):
    return base64.b64decode(FIXTURE["keys"][algorithm]["private"])


def pyjwt_verify(algorithm):
    key = private(algorithm)
    if not algorithm.startswith("HS"):
        key = load_der_private_key(key, None).public_key()
    options = {"require": ["exp", "iss", "aud", "sub"]}
    return lambda token: jwt.decode(token, key, [algorithm], options, issuer=ISSUER, audience=AUDIENCE)["sub"]


def pyjwt_sign(algorithm):
    key = private(algorithm)
    if not algorithm.startswith("HS"):
        key = load_der_private_key(key, None)
    headers = {"kid": FIXTURE["keys"][algorithm]["kid"], "typ": "at+jwt"}
    return lambda _: jwt.encode(CLAIMS, key, algorithm, headers)


def joserfc_key(algorithm):
    if algorithm.startswith("HS"):
        return joserfc_jwk.OctKey.import_key(private(algorithm))
    kind = {"RS256": joserfc_jwk.RSAKey, "ES256": joserfc_jwk.ECKey, "EdDSA": joserfc_jwk.OKPKey}[algorithm]
    return kind(*[load_der_private_key(private(algorithm), None)] * 2, {})


def joserfc_verify(algorithm):
    key = joserfc_key(algorithm)
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
        sub={"essential": True},
    )

    def call(token):
        token = joserfc_jwt.decode(token, key, algorithms=[algorithm])
        registry.validate(token.claims)
        return token.claims["sub"]

    return call


def joserfc_sign(algorithm):
    key = joserfc_key(algorithm)
    header = {"alg": algorithm, "kid": FIXTURE["keys"][algorithm]["kid"], "typ": "at+jwt"}
    return lambda _: joserfc_jwt.encode(header, CLAIMS, key, algorithms=[algorithm])


LIBRARIES = {
    ("verify", "PyJWT"): pyjwt_verify,
    ("sign", "PyJWT"): pyjwt_sign,
    ("verify", "joserfc"): joserfc_verify,
    ("sign", "joserfc"): joserfc_sign,
}


def prepare(operation, algorithm, library):
    if algorithm.startswith("ML-DSA"):
        return None
    make = LIBRARIES.get((operation, library))
    return make and make(algorithm)


READY = {}
for line in sys.stdin:
    *question, calls = line.split()
    question = tuple(question)
    if question not in READY:
        READY[question] = prepare(*question)
    call = READY[question]
    if call is None:
        print("-", flush=True)
        continue
    tokens = FIXTURE["keys"][question[1]]["tokens"]
    count = len(tokens)
    started = time.perf_counter_ns()
    for at in range(int(calls)):
        call(tokens[at % count])
    print(time.perf_counter_ns() - started, flush=True)
