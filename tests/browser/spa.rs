//! The sample of a front end in JavaScript, as a program of its own, with its API.

use crate::process::Program;
use crate::quickstart::{built, free_port, unconfigured};

/// The running application.
pub(crate) struct Spa {
    _program: Program,
    port: u16,
}

impl Spa {
    pub(crate) fn start() -> Self {
        let (port, api_port) = (free_port(), free_port());
        let mut command = unconfigured(&built("spa"));
        let own = [("ROCKET_PROFILE", "debug".to_owned()), ("ROCKET_PORT", port.to_string())];
        let api = [
            ("ROCKET_API_PORT", api_port.to_string()),
            ("ROCKET_API_URL", format!("http://127.0.0.1:{api_port}")),
        ];
        let program = Program::start("spa", command.envs(own).envs(api));
        // The site and the API.
        let launched = |line: &String| line.contains("Rocket has launched from");
        let lines = std::iter::from_fn(|| program.line());
        assert_eq!(lines.filter(launched).take(2).count(), 2, "{}", program.output());
        Self { _program: program, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}
