//! What the demo's kitchen sells: the dishes, most ordered first, and what
//! people change about them.

use crate::domain::{Routing, Station};

/// A dish on the menu.
#[derive(Debug)]
pub(super) struct Dish {
    /// What tickets call it.
    pub(super) name: &'static str,
    /// Where it is made.
    pub(super) station: &'static str,
    /// Its part in a meal.
    pub(super) course: Course,
    /// Price of one, in minor units.
    pub(super) price: i64,
    /// Median minutes from the start at its station until it is done.
    pub(super) minutes: f64,
    /// What people change about it.
    pub(super) options: &'static Options,
}

/// A dish's part in a meal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// What the order is about.
    Main,
    /// Beside it.
    Side,
    /// With it.
    Drink,
    /// After it.
    Sweet,
}

/// What people change about dishes of one family.
#[derive(Debug)]
pub(super) struct Options {
    /// Left out.
    pub(super) no: &'static [&'static str],
    /// Put on, with its price.
    pub(super) add: &'static [(&'static str, i64)],
    /// More of it, with its price.
    pub(super) extra: &'static [(&'static str, i64)],
    /// Instead, with its price.
    pub(super) sub: &'static [(&'static str, i64)],
    /// What they write.
    pub(super) notes: &'static [&'static str],
}

/// The stations, in the order of the line.
#[cfg(test)]
pub(super) const STATIONS: [&str; 6] = ["grill", "fry", "pizza", "cold", "bar", "dessert"];

const BURGER: Options = Options {
    no: &["onion", "pickles", "tomato", "mayo", "lettuce", "cheese"],
    add: &[
        ("bacon", 150),
        ("fried egg", 120),
        ("avocado", 180),
        ("jalapeños", 80),
        ("cheddar", 100),
    ],
    extra: &[("pickles", 0), ("cheese", 100), ("sauce", 50), ("patty", 350)],
    sub: &[("gluten-free bun", 150), ("lettuce wrap", 0), ("vegan patty", 200)],
    notes: &[
        "Cut in half please",
        "Well done",
        "Sauce on the side",
        "Medium rare",
        "Toast the bun well",
    ],
};

const PIZZA: Options = Options {
    no: &["olives", "basil", "garlic", "onion", "mushrooms"],
    add: &[
        ("prosciutto", 250),
        ("rocket", 120),
        ("burrata", 350),
        ("chilli", 50),
        ("anchovies", 180),
    ],
    extra: &[("mozzarella", 150), ("basil", 0), ("tomato sauce", 80)],
    sub: &[("gluten-free base", 300), ("vegan cheese", 200)],
    notes: &["Not cut", "Well baked, dark crust", "Half without olives", "Chilli oil on the side"],
};

const PLATE: Options = Options {
    no: &["coriander", "spring onion", "chilli", "sesame", "garlic"],
    add: &[("soft-boiled egg", 150), ("avocado", 180), ("kimchi", 150), ("halloumi", 220)],
    extra: &[("rice", 150), ("dressing", 50), ("chicken", 350), ("hummus", 120)],
    sub: &[("brown rice", 0), ("cauliflower rice", 150), ("tofu", 0)],
    notes: &["Sauce on the side", "Not spicy, for a child", "Extra spicy", "No cutlery needed"],
};

const SALAD: Options = Options {
    no: &["croutons", "parmesan", "red onion", "olives", "anchovies"],
    add: &[("grilled chicken", 350), ("avocado", 180), ("boiled egg", 120)],
    extra: &[("dressing", 50), ("feta", 120)],
    sub: &[("lemon and oil", 0), ("vegan feta", 100)],
    notes: &["Dressing on the side", "Bread on the side", "Toss it well"],
};

const FRIED: Options = Options {
    no: &["salt", "sauce", "parsley"],
    add: &[("aioli", 80), ("cheese sauce", 120), ("truffle mayo", 150)],
    extra: &[("crispy", 0), ("ketchup", 0), ("hot sauce", 50)],
    sub: &[("sweet potato", 100), ("blue cheese dip", 50)],
    notes: &["Extra crispy", "Sauce on the side", "Box left open please"],
};

const COFFEE: Options = Options {
    no: &["sugar", "foam"],
    add: &[("extra shot", 80), ("vanilla", 60), ("caramel", 60)],
    extra: &[("hot", 0), ("foam", 0)],
    sub: &[("oat milk", 50), ("lactose-free milk", 30), ("decaf", 0)],
    notes: &["Extra hot", "With the dessert, not before"],
};

const COLD_DRINK: Options = Options {
    no: &["ice", "lemon"],
    add: &[("lemon", 0), ("mint", 0)],
    extra: &[("ice", 0)],
    sub: &[("sugar-free", 0)],
    notes: &["No lid", "Room temperature"],
};

const COCKTAIL: Options = Options {
    no: &["ice", "sugar", "garnish"],
    add: &[("double", 400), ("chilli rim", 50)],
    extra: &[("lime", 0), ("mint", 0)],
    sub: &[("alcohol-free", 0), ("mezcal", 200)],
    notes: &["Bring with the mains", "Not too sweet"],
};

const SWEET: Options = Options {
    no: &["nuts", "cream", "mint"],
    add: &[("vanilla ice cream", 200), ("whipped cream", 80), ("berries", 150)],
    extra: &[("chocolate sauce", 60), ("caramel", 60)],
    sub: &[("sorbet", 0), ("lactose-free ice cream", 50)],
    notes: &["Birthday: please add a candle", "Two spoons", "Warm please"],
};

const fn dish(
    name: &'static str,
    station: &'static str,
    course: Course,
    price: i64,
    minutes: f64,
    options: &'static Options,
) -> Dish {
    Dish { name, station, course, price, minutes, options }
}

use Course::{Drink, Main, Side, Sweet};

/// The menu, most ordered first.
pub(super) const MENU: &[Dish] = &[
    dish("Cheeseburger", "grill", Main, 950, 6.0, &BURGER),
    dish("Fries", "fry", Side, 380, 3.5, &FRIED),
    dish("Margherita", "pizza", Main, 890, 7.5, &PIZZA),
    dish("Chicken rice bowl", "cold", Main, 1090, 3.0, &PLATE),
    dish("Cola 0.33", "bar", Drink, 290, 0.6, &COLD_DRINK),
    dish("Chicken wings", "fry", Main, 990, 8.5, &FRIED),
    dish("Salami pizza", "pizza", Main, 1090, 8.0, &PIZZA),
    dish("Double smash burger", "grill", Main, 1290, 6.5, &BURGER),
    dish("Caesar salad", "cold", Main, 980, 2.5, &SALAD),
    dish("Sparkling water 0.5", "bar", Drink, 260, 0.5, &COLD_DRINK),
    dish("Sweet potato fries", "fry", Side, 450, 4.0, &FRIED),
    dish("Veggie burger", "grill", Main, 1050, 6.0, &BURGER),
    dish("Poke bowl salmon", "cold", Main, 1390, 3.5, &PLATE),
    dish("House lemonade", "bar", Drink, 390, 1.0, &COLD_DRINK),
    dish("Prosciutto e funghi", "pizza", Main, 1250, 8.0, &PIZZA),
    dish("Chicken souvlaki plate", "grill", Main, 1280, 7.0, &PLATE),
    dish("Onion rings", "fry", Side, 420, 3.5, &FRIED),
    dish("Flat white", "bar", Drink, 360, 1.5, &COFFEE),
    dish("Falafel wrap", "fry", Main, 850, 4.5, &PLATE),
    dish("Brownie", "dessert", Sweet, 450, 1.5, &SWEET),
    dish("Quattro formaggi", "pizza", Main, 1190, 8.0, &PIZZA),
    dish("Pilsner 0.5", "bar", Drink, 450, 0.8, &COLD_DRINK),
    dish("Fish and chips", "fry", Main, 1390, 7.0, &FRIED),
    dish("Green salad", "cold", Side, 420, 1.5, &SALAD),
    dish("BBQ bacon burger", "grill", Main, 1250, 6.5, &BURGER),
    dish("Tiramisù", "dessert", Sweet, 550, 1.5, &SWEET),
    dish("Bibimbap", "grill", Main, 1320, 6.0, &PLATE),
    dish("Garlic bread", "pizza", Side, 390, 4.0, &PIZZA),
    dish("Orange juice", "bar", Drink, 420, 1.2, &COLD_DRINK),
    dish("Calzone", "pizza", Main, 1190, 9.0, &PIZZA),
    dish("Mezze platter", "cold", Main, 1450, 4.0, &SALAD),
    dish("Coleslaw", "cold", Side, 320, 0.8, &SALAD),
    dish("Espresso", "bar", Drink, 240, 1.0, &COFFEE),
    dish("Mozzarella sticks", "fry", Side, 590, 4.0, &FRIED),
    dish("Halloumi burger", "grill", Main, 1120, 6.0, &BURGER),
    dish("Cheesecake", "dessert", Sweet, 520, 1.2, &SWEET),
    dish("Mojito", "bar", Drink, 890, 2.0, &COCKTAIL),
    dish("Rib-eye steak 250 g", "grill", Main, 2490, 9.0, &PLATE),
    dish("Kids' nuggets", "fry", Main, 690, 5.0, &FRIED),
    dish("Lamb köfte plate", "grill", Main, 1390, 7.5, &PLATE),
    dish("Aperol spritz", "bar", Drink, 850, 1.8, &COCKTAIL),
    dish("Churros", "dessert", Sweet, 490, 4.0, &SWEET),
    dish("Cappuccino", "bar", Drink, 350, 1.5, &COFFEE),
    dish("Edamame", "cold", Side, 480, 2.0, &PLATE),
    dish("Affogato", "dessert", Sweet, 480, 1.5, &SWEET),
    dish("Espresso martini", "bar", Drink, 990, 2.2, &COCKTAIL),
];

/// How much less often each next dish of the menu is ordered.
const ZIPF: f64 = 1.1;

/// The dishes with how often each is ordered.
pub(super) fn by_popularity() -> impl Iterator<Item = (&'static Dish, f64)> + Clone {
    MENU.iter().zip(1_u32..).map(|(dish, rank)| (dish, f64::from(rank).powf(-ZIPF)))
}

/// Where each dish is made: what is posted by hand goes there, too.
pub(super) fn routing() -> Option<Routing> {
    let station = |name| Station::parse(name).ok();
    let routes =
        MENU.iter().filter_map(|dish| Some((dish.name.to_owned(), station(dish.station)?)));
    Routing::new(routes, station("kitchen")?).ok()
}

/// The dish of this name, in whatever case somebody wrote it.
pub(super) fn find(name: &str) -> Option<&'static Dish> {
    MENU.iter().find(|dish| dish.name.eq_ignore_ascii_case(name))
}
