//! What the comparison counts is code that its packages take.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{installed, python, run};

#[test]
fn what_is_compared_agrees_with_the_types_of_its_packages() {
    // TypeScript looks for packages above the file.
    let beside = tempfile::tempdir_in(installed("XTASK_NODE_MODULES").parent().unwrap()).unwrap();
    copy(&examples(), beside.path());
    copy(&root().join("sdk/js/src"), &beside.path().join("sdk"));
    std::fs::write(beside.path().join("package.json"), "{ \"type\": \"module\" }\n").unwrap();
    let compiler = installed("XTASK_NODE_MODULES").join("typescript/bin/tsc");
    let output = Command::new("node").arg(compiler).arg("--project").arg(beside.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_service_on_simplejwt_does_what_is_compared() {
    let folder = examples().join("simplejwt-axios");
    run(&python("simplejwt_service.py"), &[folder.to_str().unwrap()], "").unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn examples() -> PathBuf {
    root().join("examples/compare")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
