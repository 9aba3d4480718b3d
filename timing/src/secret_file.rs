//! Secrets as hexadecimal digits, on a host.

use std::hint::black_box;

use neural_vault_core::key::DeviceSecret;

use crate::{Workload, marks, secret};

pub const WORKLOADS: &[Workload] = &[
    ("secret::parse, 64 hexadecimal digits", || parsed(DIGITS)),
    ("secret::parse, 32 bytes", || parsed(&[&RAW[..]].concat())),
];

const DIGITS: &[u8] = b"8f1d3c0a77e2b95446d0a1fe5b832c6990174e2df3a8bc6105df7296ce481b3a\n";
const RAW: [u8; 32] = *b"\x8f\x1d\x3c\x0a\x77\xe2\xb9\x54\x46\xd0\xa1\xfe\x5b\x83\x2c\x69\x90\x17\x4e\x2d\xf3\xa8\xbc\x61\x05\xdf\x72\x96\xce\x48\x1b\x3a";

fn parsed(content: &[u8]) {
    let mut content = content.to_vec();
    marks::secret(&mut content[..]);
    black_box(secret::parse(&content, DeviceSecret::from_bytes).is_ok());
}
