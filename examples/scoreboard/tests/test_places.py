from scoreboard.places import place_of, table_of


def test_best_score_comes_first():
    assert place_of(9, [4, 9, 7]) == 1


def test_score_that_is_not_listed():
    assert place_of(5, [4, 9, 7]) == 3


def test_nobody_else_played():
    assert place_of(3, []) == 1


def test_ties_share_a_place():
    assert table_of({"Ana": 9, "Ben": 7, "Cho": 9}) == ["1 Ana", "1 Cho", "3 Ben"]
