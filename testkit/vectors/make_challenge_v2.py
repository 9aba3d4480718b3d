"""Makes challenge_v2.json: keys and answers of challenges, computed by Python's standard library alone.

    python3 testkit/vectors/make_challenge_v2.py > testkit/vectors/challenge_v2.json
"""

import hashlib
import hmac
import json
import random
import struct

from make_key_v2 import codes, f32, gaussian, hkdf_sha256

LABEL = b"neural-vault/challenge/v2"


def case(name, prototype, application, seed):
    draw = random.Random(seed)
    secret, digest, enrolment, nonce = draw.randbytes(32), draw.randbytes(32), draw.randbytes(16), draw.randbytes(32)
    prototype = [f32(component) for component in prototype]
    material = b"".join(struct.pack("<h", code) for code in codes(prototype))
    key = hkdf_sha256(secret, material, LABEL + digest + enrolment, 32)
    message = LABEL + bytes([len(application)]) + application + nonce
    return {
        "name": name,
        "prototype_le_hex": b"".join(struct.pack("<f", component) for component in prototype).hex(),
        "device_secret_hex": secret.hex(),
        "model_digest_hex": digest.hex(),
        "enrolment_id_hex": enrolment.hex(),
        "application_hex": application.hex(),
        "nonce_hex": nonce.hex(),
        "key_hex": key.hex(),
        "answer_hex": hmac.new(key, message, hashlib.sha256).hexdigest(),
    }


def main():
    cases = [
        case("one component", [-2.5], b"", 1),
        case("three components", [0.6, 0.0, 0.8], b"test", 2),
        case("128 components", gaussian(128, 0.09, 10), b"disk 1", 3),
        case("512 components", gaussian(512, 1.0, 12), b"", 4),
        case("65 components, a block and one", gaussian(65, 1.0, 16), b"door", 5),
        case("application of 64 bytes", gaussian(128, 1.0, 21), b"a" * 64, 6),
        case("application of 255 bytes, the longest", gaussian(128, 1.0, 22), bytes(range(255)), 7),
        case("application in UTF-8", gaussian(128, 1.0, 23), "Tür, 門".encode(), 8),
    ]
    print(json.dumps({"scheme": "challenge v2", "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
