"""What a home consists of: kinds of rooms and their sizes."""

import numpy as np

# Floor areas in square metres that a kind is drawn from: usual low and high.
USUAL_AREA = {
    "living": (17, 36),
    "studio": (26, 60),
    "kitchen": (8, 18),
    "dining": (10, 19),
    "bedroom": (10, 20),
    "study": (8, 15),
    "bathroom": (6.3, 10),
    "hall": (7, 13),
}
# What a home may have besides living room, kitchen, bathroom and bedroom: how often, at most.
EXTRA = {
    "hall": (3.0, 2),
    "bedroom": (3.0, 3),
    "bathroom": (1.5, 2),
    "study": (1.5, 2),
    "dining": (1.5, 1),
    "studio": (0.8, 1),
    "living": (0.5, 1),
}
ROOMS_RANGE = 4, 12
AREA_RANGE = 6.0, 80.0
GREAT_ROOM_SHARE = 0.15
"""Share of homes whose living room is a great one, up to the largest area."""


def draw_program(rng):
    """Draw the rooms of a home.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    list of (str, float)
        Kind and floor area in square metres of each room; the main room first.
    """
    count = int(rng.integers(ROOMS_RANGE[0], ROOMS_RANGE[1] + 1))
    kinds = ["studio" if rng.random() < 0.12 else "living", "kitchen", "bathroom", "bedroom"]
    left = {kind: most for kind, (_, most) in EXTRA.items()}
    while len(kinds) < count:
        choice = [kind for kind in EXTRA if left[kind]]
        weights = np.array([EXTRA[kind][0] for kind in choice])
        kind = choice[rng.choice(len(choice), p=weights / weights.sum())]
        left[kind] -= 1
        kinds.append(kind)
    rooms = [(kind, float(rng.uniform(*USUAL_AREA[kind]))) for kind in kinds]
    if rng.random() < GREAT_ROOM_SHARE:
        rooms[0] = (rooms[0][0], float(rng.uniform(40, 74)))
    return rooms
