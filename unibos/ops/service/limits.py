"""What the service may take of this machine, as a drop-in of systemd (systemd.resource-control(5)).

A board is there for UNIBOS alone and keeps enough for logging in; a desktop is somebody's.
"""

from unibos.base.board import Board

FILE = "60-limits.conf"


def limits(board: Board) -> str:
    """The drop-in's text for a board and its profile.

    Memory is in percent of the machine's; one core is 100 % of CPU time.
    """
    # What runs beside it takes some 100 MiB. With more, or with all of the swap, which is memory on
    # a board, the machine would be out of memory before the service is at its limit.
    memory = {"edge": (60, 70), "standard": (60, 75), "desktop": (40, 50)}
    high, most = memory[board.profile.name]
    # A Zero has one core, which logging in and the kernel's own work need, too.
    cpu = round(board.cores * 100 * (0.9 if board.profile.name == "edge" else 0.8))
    return (
        f"# {board.name}: profile {board.profile.name}; written by UNIBOS, which writes it anew.\n"
        "[Service]\n"
        f"MemoryHigh={high}%\n"
        f"MemoryMax={most}%\n"
        "MemorySwapMax=25%\n"
        f"CPUQuota={cpu}%\n"
    )
