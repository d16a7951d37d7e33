use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id(number: u8) -> OrderId {
    OrderId(Uuid::from_u128(u128::from(number)))
}

/// As much as has room in one row.
const LOW: Size = Size { frame: 10, lines: 0, parts: 1 };

fn single(numbers: &[u8]) -> Vec<(OrderId, Size)> {
    numbers.iter().map(|number| (id(*number), LOW)).collect()
}

fn numbers(slots: &Slots) -> Vec<(usize, OrderId)> {
    slots.seats().iter().map(|seat| (seat.slot, seat.id)).collect()
}

fn grid(columns: usize, rows: usize, wanted: &[(OrderId, Size)]) -> Slots {
    let mut slots = Slots::default();
    slots.set_fit(Fit { columns, rows, most: MOST });
    assert!(slots.take_in(wanted, 0, false));
    slots
}

#[test]
fn what_goes_leaves_its_slot_empty_for_a_moment() {
    let mut slots = grid(3, 2, &single(&[1, 2, 3]));
    slots.take_in(&single(&[1, 3]), 1_000, false);
    assert_eq!(numbers(&slots), [(1, id(1)), (3, id(3))]);
    assert_eq!(slots.due(), Some(1_400));
    // Another one goes meanwhile: its slot is empty for as long.
    slots.take_in(&single(&[3]), 1_300, false);
    assert!(!slots.take_in(&single(&[3]), 1_699, false));
    assert_eq!(numbers(&slots), [(3, id(3))]);
    assert!(slots.take_in(&single(&[3]), 1_700, false));
    assert_eq!(numbers(&slots), [(1, id(3))]);
    assert_eq!(slots.due(), None);
}

#[test]
fn a_slot_that_has_another_ticket_now_is_told_for_a_moment() {
    let mut slots = grid(3, 2, &single(&[1, 2, 3]));
    assert!(!slots.has_just_moved(id(1), 0), "nothing stood there before");
    slots.take_in(&single(&[1, 3]), 1_000, false);
    assert!(slots.take_in(&single(&[1, 3, 4]), 1_400, false));
    assert_eq!(numbers(&slots), [(1, id(1)), (2, id(3)), (3, id(4))]);
    let told = |now: i64| [1, 3, 4].map(|number| slots.has_just_moved(id(number), now));
    assert_eq!(told(1_400), [false, true, true]);
    assert_eq!(told(1_699), [false, true, true]);
    assert_eq!(told(1_700), [false; 3]);
    assert_eq!(told(900), [false; 3], "a clock that was set back");
}

#[test]
fn what_has_no_place_yet_is_counted_as_hidden() {
    let mut slots = grid(1, 2, &single(&[1, 2, 3]));
    let hidden = |slots: &Slots| slots.hidden().collect::<Vec<_>>();
    assert_eq!(hidden(&slots), [id(3)]);
    // A rush, while nothing may move.
    slots.take_in(&single(&[9, 1, 2, 3]), 1_000, true);
    assert_eq!(numbers(&slots), [(1, id(1)), (2, id(2))]);
    assert_eq!(hidden(&slots), [id(3), id(9)]);
    // One goes as another comes.
    slots.take_in(&single(&[9, 8, 2, 3]), 1_100, true);
    assert_eq!(hidden(&slots), [id(3), id(9), id(8)]);
    assert!(slots.take_in(&single(&[9, 8, 2, 3]), 9_000, false));
    assert_eq!(hidden(&slots), [id(2), id(3)]);
}

#[test]
fn what_comes_back_finds_its_slot() {
    let mut slots = grid(3, 2, &single(&[1, 2, 3]));
    slots.take_in(&single(&[1, 3]), 0, false);
    slots.take_in(&single(&[1, 2, 3]), 100, false);
    assert_eq!(numbers(&slots), [(1, id(1)), (2, id(2)), (3, id(3))]);
    assert_eq!(slots.due(), None);
}

#[test]
fn what_comes_last_moves_nothing_and_what_rushes_waits_for_rest() {
    let mut slots = grid(4, 1, &single(&[1, 2]));
    assert!(!slots.take_in(&single(&[1, 2, 3]), 0, false));
    assert_eq!(numbers(&slots), [(1, id(1)), (2, id(2)), (3, id(3))]);
    slots.take_in(&single(&[9, 1, 2, 3]), 1_000, false);
    assert_eq!(numbers(&slots).len(), 3);
    assert!(slots.take_in(&single(&[9, 1, 2, 3]), 1_400, false));
    assert_eq!(slots.seats()[0].id, id(9));
}

#[test]
fn a_restless_kitchen_settles_too() {
    let mut slots = grid(3, 2, &single(&[1, 2, 3, 4, 5, 6]));
    let mut settled = None;
    for (step, left) in (1..).zip([5_u8, 4, 3, 2, 1]) {
        let wanted = single(&(7 - left..=6).collect::<Vec<_>>());
        if slots.take_in(&wanted, step * 399, false) {
            settled.get_or_insert(step * 399);
        }
    }
    assert_eq!(settled, None);
    assert!(slots.take_in(&single(&[6]), 2_399, false));
}

#[test]
fn a_still_board_only_empties_slots() {
    let mut slots = grid(3, 2, &single(&[1, 2, 3]));
    let wanted = single(&[3, 2, 4, 5]);
    for now in [0, 10_000, 60_000] {
        assert!(!slots.take_in(&wanted, now, true));
        assert_eq!(numbers(&slots), [(2, id(2)), (3, id(3))]);
        assert_eq!(slots.waiting(&wanted), 3);
    }
    assert!(slots.take_in(&wanted, 60_001, false));
    assert_eq!(slots.seats().iter().map(|seat| seat.id).collect::<Vec<_>>(), [3, 2, 4, 5].map(id));
    assert_eq!(slots.waiting(&wanted), 0);
    assert_eq!(slots.waiting(&single(&[2, 3, 4, 5])), 1);
}

#[test]
fn tickets_stand_below_each_other_as_tall_as_they_are() {
    let tall = |rows: usize| Size { frame: rows * 10, lines: 0, parts: 1 };
    let wanted = [(id(1), tall(4)), (id(2), tall(3)), (id(3), tall(5)), (id(4), tall(8))];
    let slots = grid(2, 8, &wanted);
    let seats: Vec<_> =
        slots.seats().iter().map(|it| (it.slot, it.column, it.row, it.tall)).collect();
    assert_eq!(seats, [(1, 1, 1, 4), (2, 1, 5, 3), (3, 2, 1, 5)]);
    assert_eq!(slots.page(), (0, 2));
    assert_eq!(slots.hidden().collect::<Vec<_>>(), [id(4)]);
    // Where the page scrolls, they stand as they come.
    assert!(grid(2, 0, &wanted).seats().iter().all(|seat| seat.row == 0));
}

#[test]
fn what_is_too_tall_goes_on_beside_itself_but_never_wider_than_it_has_lines() {
    let size = |lines, parts| Size { frame: 70, lines, parts };
    assert_eq!(size(230, 9).shape(5, 40), (1, 30));
    assert_eq!(size(240, 9).shape(5, 40), (2, 22));
    assert_eq!(size(600, 9).shape(5, 40), (3, 30));
    // A low page has it sooner, one that is narrow later.
    assert_eq!(size(230, 9).shape(5, 22), (2, 21));
    assert_eq!(size(600, 9).shape(2, 40), (2, 40));
    assert_eq!(size(600, 9).shape(1, 20), (1, 20));
    // One line alone does not go on anywhere.
    assert_eq!(size(600, 1).shape(5, 40), (1, 40));
    assert_eq!(size(600, 2).shape(5, 40), (2, 40));
    assert_eq!(Size::default().shape(1, 1), (1, 1));
}

#[test]
fn what_goes_on_beside_itself_leaves_no_hole_that_the_next_one_fits() {
    let wide = Size { frame: 30, lines: 400, parts: 9 };
    assert_eq!(wide.shape(3, 30), (2, 26));
    let wanted = [(id(1), LOW), (id(2), wide), (id(3), LOW), (id(4), LOW)];
    let seats: Vec<_> = grid(3, 30, &wanted).seats().iter().map(|it| (it.column, it.row)).collect();
    assert_eq!(seats, [(1, 1), (1, 2), (1, 28), (1, 29)]);
    let wanted = [(id(1), LOW), (id(2), wide), (id(3), wide)];
    assert_eq!(grid(3, 30, &wanted).seats().len(), 2);
    // Where the page is high enough, the last column is not left empty.
    let last: Vec<_> = grid(3, 50, &wanted).seats().iter().map(|it| (it.span, it.tall)).collect();
    assert_eq!(last, [(1, 1), (2, 26), (1, 43)]);
}

#[test]
fn pages_are_turned_and_end() {
    let mut slots = grid(2, 2, &single(&[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(slots.page(), (0, 3));
    assert_eq!(slots.hidden().count(), 5);
    slots.turn(2);
    assert_eq!(numbers(&slots), [(1, id(9))]);
    assert_eq!(slots.hidden().count(), 8);
    slots.turn(9);
    assert_eq!(slots.page(), (2, 3));
    assert!(slots.turn_to(id(6)));
    assert_eq!(slots.page(), (1, 3));
    assert!(!slots.turn_to(id(77)));
    // The last page goes when nothing is left for it.
    slots.turn(2);
    slots.take_in(&single(&[1, 2, 3]), 0, false);
    slots.take_in(&single(&[1, 2, 3]), REST_MS, false);
    assert_eq!(slots.page(), (0, 1));
    assert_eq!(slots.hidden().count(), 0);
}

#[test]
fn a_page_has_no_more_tickets_than_it_may() {
    let mut slots = grid(6, 4, &single(&(1..=60).collect::<Vec<_>>()));
    assert_eq!(slots.seats().len(), MOST);
    slots.set_fit(Fit { columns: 6, rows: 4, most: 8 });
    assert_eq!(slots.seats().len(), 8);
    assert_eq!(slots.hidden().count(), 52);
    // No size at all is still a page.
    slots.set_fit(Fit { columns: 0, rows: 0, most: 0 });
    assert_eq!(slots.seats().len(), 1);
    slots.set_fit(Fit { columns: 1, rows: usize::MAX, most: 9 });
    assert_eq!(slots.seats().len(), 9);
}

#[test]
fn a_finger_holds_the_board_still_but_not_for_ever() {
    let mut hold = Hold::default();
    assert_eq!(hold.until(0), None);
    hold.point(1_000, true);
    assert_eq!(hold.until(1_000), Some(6_000));
    assert_eq!(hold.until(6_000), None);
    hold.point(1_200, false);
    assert_eq!(hold.until(1_200), Some(1_500));
    assert_eq!(hold.until(1_500), None);
    // A pointer that never rests.
    for now in (2_000..9_000).step_by(100) {
        hold.point(now, false);
    }
    assert_eq!(hold.until(8_900), None);
    hold.choose(Some(20_000));
    assert_eq!(hold.until(24_999), Some(25_000));
    hold.choose(None);
    assert_eq!(hold.until(20_000), None);
}

#[derive(Clone, Debug)]
enum Event {
    Come(u8, u8, Size),
    Go(u8),
    Turn(usize),
    Wait(i64),
    Still(bool),
}

fn size() -> impl Strategy<Value = Size> {
    let tenths = (0..90_usize, 0..700_usize, 0..12_usize);
    tenths.prop_map(|(frame, lines, parts)| Size { frame, lines, parts })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<u8>(), any::<u8>(), size()).prop_map(|(at, id, size)| Event::Come(at, id, size)),
        any::<u8>().prop_map(Event::Go),
        (0..4_usize).prop_map(Event::Turn),
        (0..600_i64).prop_map(Event::Wait),
        any::<bool>().prop_map(Event::Still),
    ]
}

proptest! {
    /// Whatever comes and goes: a ticket keeps its slot until it goes, somebody
    /// turns the page or the grid settles; every ticket is on the page or counted
    /// as hidden, but for those that wait; and a still board never settles.
    #[test]
    fn a_ticket_keeps_its_slot(
        events in prop::collection::vec(event(), 1..60),
        (columns, rows, most) in (1..6_usize, 1..64_usize, 1..24_usize),
    ) {
        let mut slots = Slots::default();
        slots.set_fit(Fit { columns, rows, most });
        let (mut wanted, mut now, mut still): (Vec<(OrderId, Size)>, _, _) = (Vec::new(), 0, false);
        for event in events {
            let mut turned = false;
            match event {
                Event::Come(at, number, size) if wanted.iter().all(|it| it.0 != id(number)) => {
                    wanted.insert(usize::from(at) % (wanted.len() + 1), (id(number), size));
                }
                Event::Go(at) if !wanted.is_empty() => {
                    wanted.remove(usize::from(at) % wanted.len());
                }
                Event::Turn(page) => {
                    slots.turn(page);
                    turned = true;
                }
                Event::Wait(millis) => now += millis,
                Event::Still(on) => still = on,
                _ => {}
            }
            let (before, page) = (slots.seats(), slots.page().0);
            let first = slots.hidden().count() + before.len() == 0;
            let settled = slots.take_in(&wanted, now, still);
            let after = slots.seats();
            prop_assert!(!(settled && still && !first));
            if !settled && !turned {
                for seat in &before {
                    let stays = after.iter().find(|it| it.id == seat.id);
                    let gone = wanted.iter().all(|it| it.0 != seat.id);
                    prop_assert!(stays == Some(seat) || (gone && stays.is_none()));
                }
            }
            // Whoever presses a slot that has another ticket now is asked to look.
            if settled && !first && page == slots.page().0 {
                for seat in &after {
                    let other = before.iter().any(|it| it.slot == seat.slot && it.id != seat.id);
                    prop_assert!(!other || slots.has_just_moved(seat.id, now + JUST_NOW_MS - 1));
                    prop_assert!(!slots.has_just_moved(seat.id, now + JUST_NOW_MS));
                }
            }
            // No two on one place, and none beside the page.
            for (place, seat) in after.iter().enumerate() {
                prop_assert!(seat.column - 1 + seat.span <= columns);
                prop_assert!(seat.row > 0 && seat.row - 1 + seat.tall <= rows.min(MOST_ROWS));
                for other in &after[..place] {
                    prop_assert!(other.slot != seat.slot && other.id != seat.id);
                    let beside = other.column + other.span <= seat.column
                        || seat.column + seat.span <= other.column;
                    let apart = other.row + other.tall <= seat.row
                        || seat.row + seat.tall <= other.row;
                    prop_assert!(beside || apart);
                }
            }
            let there = after.len() + slots.hidden().count();
            prop_assert!(there <= wanted.len());
            if slots.due().is_none() {
                prop_assert_eq!(there, wanted.len());
                prop_assert_eq!(slots.waiting(&wanted), 0);
            } else {
                prop_assert!(slots.waiting(&wanted) > 0);
            }
            // It comes to rest.
            if !still && let Some(due) = slots.due() {
                prop_assert!(due <= now + RESTLESS_MS);
            }
        }
    }
}
