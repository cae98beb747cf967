from unibos.core.identity.cache import ScopeCache
from unibos.core.identity.scope import Principal, Role, Scope


class Wall:
    ms = 1000

    def __call__(self):
        return self.ms


def scope(user="user", session="session"):
    return Scope("org", None, Principal("user", user, "Name"), Role.MEMBER, session)


def test_scope_is_found_until_it_expires():
    wall = Wall()
    cache = ScopeCache(wall)
    kept = scope()
    cache.keep("token", kept, 2000, cache.version)

    assert cache.get("token") is kept
    assert cache.get("other") is None
    wall.ms = 2000
    assert cache.get("token") is None
    wall.ms = 1999
    assert cache.get("token") is None


def test_changed_sessions_and_users_are_dropped():
    cache = ScopeCache(Wall())
    for user, session in [("a", "1"), ("a", "2"), ("b", "3")]:
        cache.keep(f"token{session}", scope(user, session), 2000, cache.version)

    cache.forget({"1"})
    assert [bool(cache.get(f"token{n}")) for n in (1, 2, 3)] == [False, True, True]
    cache.forget({"a"})
    assert [bool(cache.get(f"token{n}")) for n in (1, 2, 3)] == [False, False, True]


def test_what_was_looked_up_before_a_change_is_not_kept():
    cache = ScopeCache(Wall())
    before = cache.version
    cache.forget({"session"})
    cache.keep("token", scope(), 2000, before)
    assert cache.get("token") is None


def test_memory_is_bounded():
    cache = ScopeCache(Wall(), limit=3)
    for number in range(4):
        cache.keep(f"token{number}", scope(), 2000, cache.version)
    assert cache.get("token0") is None
    assert cache.get("token1")
    assert cache.get("token3")


def test_everything_can_be_dropped():
    cache = ScopeCache(Wall())
    before = cache.version
    cache.keep("token", scope(), 2000, before)
    cache.clear()
    cache.keep("late", scope(), 2000, before)
    assert (cache.get("token"), cache.get("late")) == (None, None)
