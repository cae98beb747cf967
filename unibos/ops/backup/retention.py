"""Which snapshots stay, and the collection of objects that none of them needs."""

from unibos.ops.backup.repository import Repository


def prune(repository: Repository, instance: str, keep: int) -> list[int]:
    """Remove all but the instance's newest snapshots, then what none needs; the numbers that went.

    What others need is looked up before anything is removed: a snapshot that cannot be read, of
    whomever, stops it.

    :param keep: how many stay, 1 or more.
    :raises Damaged: ``backup_damaged``.
    :raises Conflict: ``backup_repository_busy``.
    """
    with repository.locked(alone=True):
        headers = {number: repository.header(number) for number in repository.numbers()}
        own = [number for number, header in headers.items() if header.instance == instance]
        going = own[:-keep]
        needed = {
            bytes.fromhex(repository.name(entry.kind, entry.sha256))
            for number, header in headers.items()
            if number not in going
            for entry in repository.entries(header)
        }
        for number in going:
            repository.remove(number)
        for name in list(repository.objects()):
            if bytes.fromhex(name) not in needed:
                repository.remove_object(name)
        return going
