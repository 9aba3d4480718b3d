"""Makes key_v2.json: keys of scheme v2, computed by Python's standard library alone.

    python3 testkit/vectors/make_key_v2.py > testkit/vectors/key_v2.json

Python computes in float64, and `f32` rounds each result to float32. For one addition, multiplication, division or
square root of float32 values this equals rounding once (float64 has more than twice float32's bits, and two more).
"""

import hashlib
import hmac
import json
import math
import random
import struct

LANES = 16
SCALE = 1000.0
INFO = b"neural-vault/v2"


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def squared_norm(vector):
    """The sum of squares: component i in lane i % 16, then the lanes as a fixed tree."""
    lanes = [0.0] * LANES
    for index, component in enumerate(vector):
        lanes[index % LANES] = f32(lanes[index % LANES] + f32(component * component))
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [f32(lanes[lane] + lanes[lane + half]) for lane in range(half)]
    return lanes[0]


def codes(prototype):
    """The int16 codes of the prototype scaled to unit length, toward zero."""
    norm = f32(math.sqrt(squared_norm(prototype)))
    return [math.trunc(f32(f32(component / norm) * SCALE)) for component in prototype]


def hkdf_sha256(salt, material, info, length):
    """RFC 5869."""
    key = hmac.new(salt, material, hashlib.sha256).digest()
    block, output, number = b"", b"", 0
    while len(output) < length:
        number += 1
        block = hmac.new(key, block + info + bytes([number]), hashlib.sha256).digest()
        output += block
    return output[:length]


def case(name, prototype, application, length, seed):
    draw = random.Random(seed)
    secret, digest, enrolment = draw.randbytes(32), draw.randbytes(32), draw.randbytes(16)
    prototype = [f32(component) for component in prototype]
    quantised = codes(prototype)
    material = b"".join(struct.pack("<h", code) for code in quantised)
    key = hkdf_sha256(secret, material, INFO + digest + enrolment + application, length)
    return {
        "name": name,
        "prototype_le_hex": b"".join(struct.pack("<f", component) for component in prototype).hex(),
        "device_secret_hex": secret.hex(),
        "model_digest_hex": digest.hex(),
        "enrolment_id_hex": enrolment.hex(),
        "application_hex": application.hex(),
        "quantised": quantised,
        "key_hex": key.hex(),
    }


def gaussian(count, scale, seed):
    draw = random.Random(seed)
    return [scale * draw.gauss(0.0, 1.0) for _ in range(count)]


def main():
    cases = [
        case("one component", [-2.5], b"", 32, 1),
        case("three components", [0.6, 0.0, 0.8], b"test", 32, 2),
        case("128 components", gaussian(128, 0.09, 10), b"disk 1", 32, 3),
        case("mean of embeddings, shorter than one", gaussian(128, 0.03, 11), b"door", 32, 4),
        case("512 components", gaussian(512, 1.0, 12), b"", 32, 5),
        case("511 components, large", gaussian(511, 1e15, 13), b"", 32, 6),
        case("subnormal squares beside others", [1e-22, 3e-20, -4e-19, 0.0] * 20, b"", 32, 7),
        case("63 components, less than a block", gaussian(63, 1.0, 14), b"", 32, 8),
        case("64 components, a block", gaussian(64, 1.0, 15), b"", 32, 9),
        case("65 components, a block and one", gaussian(65, 1.0, 16), b"", 32, 10),
        case("one byte", gaussian(16, 1.0, 17), b"x", 1, 11),
        case("33 bytes, two blocks", gaussian(128, 1.0, 18), b"x", 33, 12),
        case("256 bytes, eight blocks", gaussian(128, 1.0, 19), b"x", 256, 13),
        case("8160 bytes, the longest", gaussian(32, 1.0, 20), b"x", 8160, 14),
        case("application of 64 bytes", gaussian(128, 1.0, 21), b"a" * 64, 32, 15),
        case("application of 1000 bytes", gaussian(128, 1.0, 22), bytes(range(250)) * 4, 32, 16),
        case("application in UTF-8", gaussian(128, 1.0, 23), "Tür, 門".encode(), 80, 17),
    ]
    print(json.dumps({"scheme": "v2", "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
