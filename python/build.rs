//! Tells Apple's linker that the interpreter which loads the module has Python's symbols; others need not be told.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
