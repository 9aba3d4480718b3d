//! Gives each board its own memory layout.

fn main() {
    let root = env!("CARGO_MANIFEST_DIR");
    for board in ["mps2-an386", "nrf52840"] {
        println!("cargo:rustc-link-arg-bin={board}=-L{root}/boards/{board}");
        println!("cargo:rustc-link-arg-bin={board}=-Tlink.x");
        println!("cargo:rustc-link-arg-bin={board}=--emit-relocs");
        println!("cargo:rerun-if-changed=boards/{board}/memory.x");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
