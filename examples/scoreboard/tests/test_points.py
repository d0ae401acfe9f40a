from scoreboard.points import drop_lowest, longest_streak, total_points


def test_points_of_an_evening():
    assert total_points(["win", "draw", "loss", "win"]) == 7


def test_lowest_scores_do_not_count():
    assert drop_lowest([5, 2, 8], 1) == [5, 8]
    assert drop_lowest([5], 1) == []


def test_longest_streak_is_not_the_last():
    assert longest_streak(["win", "win", "loss", "win"]) == 2
