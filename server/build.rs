//! Tells cargo when the embedded pages have changed: the macro that embeds them sees no file that is added later.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads the folder when it starts, and must not be compiled anew after each build of the pages.
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../web/dist");
    }
}
