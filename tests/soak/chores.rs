//! What an operator does meanwhile: keys change, and Redis restarts.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rocket::tokio::time::sleep;

use crate::world::World;

/// How long Redis is away, and how long afterwards an instance may still report it.
const AWAY: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(700), Duration::from_secs(4)];
const AFTERWARDS: Duration = Duration::from_secs(2);

pub(crate) async fn until(world: &World, end: Instant) {
    for round in 0.. {
        sleep(Duration::from_millis(1500)).await;
        if Instant::now() > end {
            return;
        }
        world.op.rotate_gently();
        world.count("key rotations");
        // In the first round, so even in a short soak, and then in every eighth.
        if round % 8 == 0 {
            restart(world, AWAY[round / 8 % AWAY.len()]).await;
        }
    }
}

/// Kills Redis, which has written everything that it answered, and starts it again.
async fn restart(world: &World, away: Duration) {
    world.turn();
    world.redis.lock().unwrap_or_else(PoisonError::into_inner).kill();
    sleep(away).await;
    world.redis.lock().unwrap_or_else(PoisonError::into_inner).run();
    sleep(AFTERWARDS).await;
    world.turn();
    world.count("restarts of Redis");
}
