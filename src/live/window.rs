//! How much of a lane is drawn: pure. A lane holds as many tickets as the
//! kitchen has orders, and nobody looks at the hundredth: it is counted, it
//! has its place, and it becomes a ticket of the page when somebody comes near it.
//!
//! A window reaches from the most urgent ticket down to a *rank* and not to a
//! number of tickets. So what is drawn stays drawn when others come in above
//! it, and nothing goes from under a finger or the keyboard.

/// How many tickets of a lane are drawn at first: more than a wall screen shows
/// at once, so that the page as it is served fills every screen.
pub const FIRST: usize = 20;

/// So many may go before others are drawn in their place: at the next second,
/// when somebody looks that near the end, and not while the change is taken in.
pub const LEAST: usize = 12;

/// How many more are drawn when somebody comes near the last.
pub const STEP: usize = 6;

/// How far down a lane is drawn. Its tickets are sorted by `Rank`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window<Rank> {
    last: Option<Rank>,
}

impl<Rank> Default for Window<Rank> {
    fn default() -> Self {
        Self { last: None }
    }
}

impl<Rank: Copy + Ord> Window<Rank> {
    /// How many tickets of `lane` are drawn. Where too few are left, those below
    /// them follow.
    pub fn drawn(&mut self, lane: &[Rank]) -> usize {
        let within = self.last.map_or(0, |last| lane.partition_point(|rank| *rank <= last));
        if within >= LEAST && lane.len() > FIRST {
            return within;
        }
        self.draw(lane, FIRST);
        FIRST.min(lane.len())
    }

    /// Draws the first `count` tickets of `lane`, or as many as there have to be.
    pub fn draw(&mut self, lane: &[Rank], count: usize) {
        let count = count.max(FIRST).min(lane.len());
        self.last = count.checked_sub(1).and_then(|last| lane.get(last)).copied();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(count: usize) -> Vec<usize> {
        (0..count).map(|place| place * 10).collect()
    }

    #[test]
    fn a_short_lane_is_drawn_whole() {
        let mut window = Window::default();
        assert_eq!(window.drawn(&lane(0)), 0);
        assert_eq!(window.drawn(&lane(3)), 3);
        assert_eq!(window.drawn(&lane(FIRST)), FIRST);
        let mut window = Window::default();
        assert_eq!(window.drawn(&lane(FIRST + 1)), FIRST);
    }

    #[test]
    fn what_is_drawn_stays_drawn_when_others_come_above_it() {
        let mut lane = lane(100);
        let mut window = Window::default();
        assert_eq!(window.drawn(&lane), FIRST);
        lane.splice(3..3, [21, 22, 23]);
        assert_eq!(window.drawn(&lane), FIRST + 3);
        // Below the window nothing changes.
        lane.push(100_000);
        assert_eq!(window.drawn(&lane), FIRST + 3);
    }

    #[test]
    fn what_goes_is_followed_by_what_is_below() {
        let mut lane = lane(100);
        let mut window = Window::default();
        window.draw(&lane, 30);
        lane.remove(29);
        assert_eq!(window.drawn(&lane), 29);
        lane.drain(..29 - LEAST);
        assert_eq!(window.drawn(&lane), LEAST);
        lane.remove(LEAST - 1);
        assert_eq!(window.drawn(&lane), FIRST);
        lane.truncate(FIRST);
        assert_eq!(window.drawn(&lane), FIRST);
        lane.truncate(2);
        assert_eq!(window.drawn(&lane), 2);
        lane.push(100_000);
        assert_eq!(window.drawn(&lane), 3);
    }

    #[test]
    fn it_goes_down_and_comes_up_again() {
        let lane = lane(100);
        let mut window = Window::default();
        window.draw(&lane, FIRST + STEP);
        assert_eq!(window.drawn(&lane), FIRST + STEP);
        window.draw(&lane, 1_000);
        assert_eq!(window.drawn(&lane), 100);
        window.draw(&lane, 0);
        assert_eq!(window.drawn(&lane), FIRST);
    }
}
