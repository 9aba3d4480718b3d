//! Links the image by cortex-m-rt's script, with the memory layout of this folder, or of its part for connectome models.

fn main() {
    let connectome = std::env::var_os("CARGO_FEATURE_CONNECTOME").is_some();
    let folder = if connectome { "/connectome" } else { "" };
    println!("cargo:rustc-link-arg-bins=-L{}{folder}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--emit-relocs");
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed=connectome/memory.x");
    println!("cargo:rerun-if-changed=build.rs");
}
