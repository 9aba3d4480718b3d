//! The PyPI wheels that hold the ONNX Runtime library, pinned by SHA-256, one for each machine.
//!
//! The wheels for the different CPython releases carry the same library; those pinned are for CPython 3.11.

use super::{Flavour, RuntimeError};

/// The wheel for one flavour and machine, with the SHA-256 of the wheel and of each library in it.
pub(super) struct Wheel {
    pub package: &'static str,
    pub flavour: Flavour,
    pub machine: Machine,
    /// The wheel's platform tag.
    pub platform: &'static str,
    pub sha256: &'static str,
    pub megabytes: u32,
    /// Files of the wheel's `onnxruntime/capi` to install; the library is last, so that it appears last.
    pub libraries: &'static [(&'static str, &'static str)],
}

/// A processor and its system, by Rust's names for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    pub arch: &'static str,
    pub system: &'static str,
}

impl Machine {
    /// The machine that this program was built for.
    pub const HERE: Self = Self {
        arch: std::env::consts::ARCH,
        system: if cfg!(all(target_os = "linux", target_env = "gnu")) { LINUX } else { std::env::consts::OS },
    };
}

/// Linux with the GNU C library, which manylinux wheels need, version 2.28 or later.
const LINUX: &str = "linux-gnu";

impl Wheel {
    /// The name of the library's file.
    pub fn library(&self) -> &'static str {
        self.libraries.last().map_or("", |(name, _)| name)
    }
}

pub(super) const WHEELS: [Wheel; 5] = [
    Wheel {
        package: "onnxruntime",
        flavour: Flavour::Cpu,
        machine: Machine { arch: "x86_64", system: LINUX },
        platform: "manylinux_2_28_x86_64",
        sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        megabytes: 24,
        libraries: &[("libonnxruntime.so.1.31.1", "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3")],
    },
    Wheel {
        package: "onnxruntime",
        flavour: Flavour::Cpu,
        machine: Machine { arch: "aarch64", system: LINUX },
        platform: "manylinux_2_28_aarch64",
        sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        megabytes: 21,
        libraries: &[("libonnxruntime.so.1.31.1", "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467")],
    },
    Wheel {
        package: "onnxruntime",
        flavour: Flavour::Cpu,
        machine: Machine { arch: "aarch64", system: "macos" },
        platform: "macosx_14_0_arm64",
        sha256: "60b6b69bfe580eab576cacc5d132a0e9cf2a37fcfd18d46dd191042b1d1ed0d7",
        megabytes: 21,
        libraries: &[(
            "libonnxruntime.1.31.1.dylib",
            "f8b06155feece624e55e49124340eea279da812529ae6fbc46a9f2be9c9cad2e",
        )],
    },
    Wheel {
        package: "onnxruntime",
        flavour: Flavour::Cpu,
        machine: Machine { arch: "x86_64", system: "windows" },
        platform: "win_amd64",
        sha256: "c3d91b5de31e2fc82d71bd65b2b22bddee8b49057a3a36338e9a868e0ea90c05",
        megabytes: 15,
        libraries: &[("onnxruntime.dll", "8482d2ee174e28504f99730fb01d6861575870283de4ed3a897ad39170d9a9b9")],
    },
    Wheel {
        package: "onnxruntime-gpu",
        flavour: Flavour::Cuda,
        machine: Machine { arch: "x86_64", system: LINUX },
        platform: "manylinux_2_28_x86_64",
        sha256: "e26c475fe361b2015f45b4b824bd13f0bb20204e59b62814e6f0acd5f3d491a6",
        megabytes: 256,
        libraries: &[
            ("libonnxruntime_providers_shared.so", "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"),
            ("libonnxruntime_providers_cuda.so", "d5290158115fa5569a3fe8f1f4037ee9b0e86658a96e52f852bbb7039aa88137"),
            ("libonnxruntime.so.1.31.1", "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"),
        ],
    },
];

/// The pinned wheel for a machine.
pub(super) fn wheel_for(flavour: Flavour, machine: Machine) -> Result<&'static Wheel, RuntimeError> {
    WHEELS
        .iter()
        .find(|wheel| wheel.flavour == flavour && wheel.machine == machine)
        .ok_or_else(|| RuntimeError::NoBuild { flavour, machine: format!("{}-{}", machine.arch, machine.system) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_wheel_is_named() {
        for (flavour, arch, system) in
            [(Flavour::Cuda, "aarch64", LINUX), (Flavour::Cpu, "x86_64", "macos"), (Flavour::Cpu, "riscv64", LINUX)]
        {
            let error = wheel_for(flavour, Machine { arch, system }).err().unwrap().to_string();
            assert!(error.contains(arch) && error.contains("NEURAL_VAULT_ONNXRUNTIME"), "{error}");
        }
    }

    #[test]
    fn each_system_names_its_library_in_its_own_way() {
        let name = |arch, system| wheel_for(Flavour::Cpu, Machine { arch, system }).unwrap().library();
        assert_eq!(name("x86_64", LINUX), "libonnxruntime.so.1.31.1");
        assert_eq!(name("aarch64", LINUX), "libonnxruntime.so.1.31.1");
        assert_eq!(name("aarch64", "macos"), "libonnxruntime.1.31.1.dylib");
        assert_eq!(name("x86_64", "windows"), "onnxruntime.dll");
    }

    #[test]
    fn every_wheel_has_the_version_and_digests_of_32_bytes() {
        for wheel in &WHEELS {
            let digests = wheel.libraries.iter().map(|(_, sha256)| *sha256).chain([wheel.sha256]);
            assert!(digests.into_iter().all(|digest| digest.len() == 64), "{}", wheel.platform);
            let says = super::super::places::version(wheel.library());
            assert!(says.is_none_or(|version| version.to_string() == super::super::VERSION), "{}", wheel.platform);
        }
    }
}
