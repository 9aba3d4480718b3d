//! Links the image by cortex-m-rt's script, with the memory layout of this folder.

fn main() {
    println!("cargo:rustc-link-arg-bins=-L{}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--emit-relocs");
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed=build.rs");
}
