//! Links the images by cortex-m-rt's script, for a board that QEMU runs.

fn main() {
    let root = env!("CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-arg-bins=-L{root}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--emit-relocs");
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed=build.rs");
}
