//! The seeds, and what fuzzing has found, in every run of the tests.

use std::fs;
use std::path::Path;

use logto_fuzz::TARGETS;

#[test]
fn every_target_holds_for_its_seeds() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let seeds = fs::read_dir(&folder).expect("the folder of the seeds");
        let mut count = 0;
        for seed in seeds {
            let path = seed.expect("a seed").path();
            // A panic that follows names its seed.
            println!("{}", path.display());
            target(&fs::read(&path).expect("a seed"));
            count += 1;
        }
        assert!(count >= 4, "{name} has {count} seeds");
    }
}

#[test]
fn every_target_has_a_program_of_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut programs: Vec<_> = fs::read_dir(folder)
        .expect("the folder of the programs")
        .map(|entry| entry.expect("a program").path().file_stem().expect("a name").to_owned())
        .collect();
    programs.sort();
    assert_eq!(programs, TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}
