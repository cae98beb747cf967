"""Lists, the timeline, duplicates and albums over the wire."""

import io

import pytest
from PIL import Image

from tests.box import Running
from tests.modules.media.snapshots import ALBUMS, MEDIA, add, photo, picture, read, refused, saved

TIMES = {
    0: "2020:12:31 23:30:00",
    1: "2021:01:01 00:10:00",
    2: "2021:01:31 23:59:59",
    3: "2021:02:01 00:00:00",
    4: "2021:02:01 00:00:00",
    5: "2019:06:15 12:00:00",
}


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A node of its own: what else is there would be listed, too."""
    folder = tmp_path_factory.mktemp("box")
    with Running(folder, {"jobs.heavy": 2, "http.stop_seconds": 1}) as running:
        running.set_up()
        yield running


@pytest.fixture(scope="module")
def owner(box):
    return box.owner


@pytest.fixture(scope="module")
def photos(owner):
    """The ids of six photos, in the order of their times."""
    taken = {
        seed: add(owner, photo(seed, taken=time, offset="+03:00")) for seed, time in TIMES.items()
    }
    done = {seed: read(owner, one) for seed, one in taken.items()}
    assert done[0]["taken_at"] == "2020-12-31T23:30:00+03:00"
    order = sorted(done.values(), key=lambda one: (one["moment"], one["id"]))
    return [one["id"] for one in order]


def listed(owner, **asked):
    answer = owner.get(MEDIA, params=asked)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def walked(owner, **asked):
    """All items of a list, page by page."""
    found, cursor = [], {}
    while True:
        page = owner.get(MEDIA, params=asked | cursor).json()
        found += [item["id"] for item in page["items"]]
        assert len(page["items"]) <= int(asked["limit"])
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def test_the_latest_come_first(owner, photos):
    assert listed(owner) == photos[::-1]
    assert listed(owner, sort="moment") == photos
    assert sorted(listed(owner, sort="created_at")) == sorted(photos)


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
@pytest.mark.parametrize("sort", ["moment", "-moment"])
def test_pages_join_to_the_whole_list_also_where_times_are_equal(owner, photos, sort, limit):
    assert walked(owner, sort=sort, limit=limit) == listed(owner, sort=sort)


def test_a_month_is_that_of_the_clock_where_it_was_taken(owner, photos):
    # In UTC the last day of 2020 has both photos of that night.
    months = {"2019-06": photos[:1], "2020-12": photos[1:2], "2021-01": photos[2:4]}
    for month, ids in months.items():
        assert listed(owner, month=month, sort="moment") == ids
    assert walked(owner, month="2021-02", limit=1, sort="moment") == photos[4:]
    assert listed(owner, month="2021-03") == []
    assert owner.get(MEDIA, params={"month": "2021-13"}).status_code == 400


def test_the_timeline_counts_each_month(owner, photos):
    def timeline():
        months = owner.get(f"{MEDIA}/timeline").json()["items"]
        return [(month["month"], month["photos"], month["videos"]) for month in months]

    whole = [("2021-02", 2, 0), ("2021-01", 2, 0), ("2020-12", 1, 0), ("2019-06", 1, 0)]
    assert timeline() == whole
    one = f"{MEDIA}/{photos[0]}"
    owner.delete(one)
    assert timeline() == whole[:-1]
    owner.post(f"{one}/restore")
    assert timeline() == whole


def test_by_kind_and_state(owner, photos):
    assert len(listed(owner, kind="photo", status="done")) == len(photos)
    assert listed(owner, kind="video") == []
    assert listed(owner, status="failed") == []


def test_a_cursor_belongs_to_its_list(owner, photos):
    cursor = owner.get(MEDIA, params={"limit": 1}).json()["next"]
    refused(owner.get(MEDIA, params={"sort": "moment", "cursor": cursor}), 422, "cursor_invalid")
    refused(owner.get(MEDIA, params={"cursor": "x"}), 422, "cursor_invalid")
    refused(owner.get(f"{MEDIA}/duplicates", params={"cursor": "-1"}), 422, "cursor_invalid")


@pytest.fixture
def album(owner, photos):
    made = owner.post(ALBUMS, json={"title": "Summer", "members": photos[:3]})
    assert made.status_code == 201, made.text
    yield made.json()
    owner.delete(f"{ALBUMS}/{made.json()['id']}")


def put(owner, album, *ids, before=None, status=200):
    asked = {"members": list(ids)} | ({"before": before} if before else {})
    answer = owner.post(f"{ALBUMS}/{album['id']}/members", json=asked)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_album_keeps_its_own_order(owner, photos, album):
    a, b, c, d = photos[:4]
    assert listed(owner, album=album["id"]) == [a, b, c]
    assert put(owner, album, d, before=a)["count"] == 4
    assert listed(owner, album=album["id"]) == [d, a, b, c]
    put(owner, album, c, a, before=d)
    assert listed(owner, album=album["id"]) == [c, a, d, b]
    put(owner, album, c)
    assert listed(owner, album=album["id"]) == [a, d, b, c]
    assert walked(owner, album=album["id"], limit=1) == [a, d, b, c]
    assert walked(owner, album=album["id"], limit=2, month="2019-06") == [a]


def test_a_page_of_an_album_goes_on_where_it_was_though_members_move(owner, photos, album):
    a, b, c, d = photos[:4]
    page = owner.get(MEDIA, params={"album": album["id"], "limit": 1}).json()
    put(owner, album, d, before=a)
    more = owner.get(MEDIA, params={"album": album["id"], "cursor": page["next"]}).json()
    assert [item["id"] for item in more["items"]] == [b, c]


def test_the_cover_is_the_first_one_or_the_chosen_one(owner, photos, album):
    path = f"{ALBUMS}/{album['id']}"
    assert (album["cover"], album["count"]) == (photos[0], 3)
    assert album["thumbnail"] == f"{MEDIA}/{photos[0]}/thumbnail"
    assert owner.patch(path, json={"cover": photos[2]}).json()["cover"] == photos[2]
    refused(owner.patch(path, json={"cover": photos[5]}), 422, "album_member_unknown")
    left = owner.post(f"{path}/members/remove", json={"members": [photos[2], photos[5]]}).json()
    assert (left["cover"], left["count"]) == (photos[0], 2)
    assert owner.get(f"{MEDIA}/{photos[2]}").status_code == 200
    assert owner.patch(path, json={"title": "Winter"}).json()["title"] == "Winter"
    assert [one["title"] for one in owner.get(ALBUMS).json()["items"]] == ["Winter"]


def test_what_an_album_refuses(owner, photos, album):
    unknown = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"
    assert put(owner, album, unknown, status=404)["code"] == "media_not_found"
    same = put(owner, album, photos[0], before=photos[0], status=422)
    assert same["code"] == "album_member_unknown"
    refused(owner.post(ALBUMS, json={"title": "x", "members": [unknown]}), 404, "media_not_found")
    refused(owner.get(f"{ALBUMS}/{unknown}"), 404, "album_not_found")
    refused(owner.get(MEDIA, params={"album": unknown}), 404, "album_not_found")
    refused(owner.get(MEDIA, params={"album": album["id"], "q": "x"}), 422, "filter_invalid")


def test_deleting_an_album_leaves_what_was_in_it(owner, photos, album):
    path = f"{ALBUMS}/{album['id']}"
    assert owner.delete(path).status_code == 204
    refused(owner.get(path), 404, "album_not_found")
    assert set(photos) <= set(listed(owner))


def test_members_in_the_bin_are_not_listed_and_come_back_to_their_place(owner, photos, album):
    owner.delete(f"{MEDIA}/{photos[1]}")
    assert listed(owner, album=album["id"]) == [photos[0], photos[2]]
    assert listed(owner, album=album["id"], bin="true") == [photos[1]]
    owner.post(f"{MEDIA}/{photos[1]}/restore")
    assert listed(owner, album=album["id"]) == photos[:3]


def test_duplicates_are_found_with_the_one_to_keep_first(owner, photos):
    def duplicates(**asked):
        return owner.get(f"{MEDIA}/duplicates", params=asked).json()

    assert duplicates() == {"items": [], "next": None}
    large = picture(77, 800, 600)
    small = large.resize((200, 150))
    poor = Image.open(io.BytesIO(saved(large, quality=25))).convert("RGB")
    files = {"small": saved(small, "PNG"), "poor": saved(poor, "WEBP"), "large": saved(large)}
    ids = {name: read(owner, add(owner, content))["id"] for name, content in files.items()}
    [group] = duplicates()["items"]
    assert group["kind"] == "near"
    order = [one["id"] for one in group["items"]]
    assert order[0] in (ids["large"], ids["poor"])
    assert order[2] == ids["small"]
    assert set(order) == set(ids.values())
    page = duplicates(limit=1)
    assert (len(page["items"]), page["next"]) == (1, None)
    owner.delete(f"{MEDIA}/{ids['poor']}")
    assert len(duplicates()["items"][0]["items"]) == 2
    for id_ in ids.values():
        owner.delete(f"{MEDIA}/{id_}", params={"purge": "true"})
    assert duplicates() == {"items": [], "next": None}
