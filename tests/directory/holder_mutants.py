"""The net and Nova's locks, broken on purpose."""

from tests.mutation import Mutant

NET = [
    Mutant(
        name='no net',
        module='directory/holders',
        old='        process = record_lock.holder(fd)',
        new='        process = None',
    ),
    Mutant(
        name='a net in lists only',
        module='directory/handler',
        old='        [file] = holders.look(fd, [file])\n',
        new='',
    ),
    Mutant(
        name='a net in evictions only',
        module='directory/handler',
        old='            files = holders.look(fd, files)\n',
        new='',
    ),
    Mutant(
        name='the net before our lock',
        module='directory/handler',
        old='        with changing(store, name) as fd, self._layout.held',
        new="""        with opened(store) as early:
            [seen] = holders.look(early, [self._find(early, image)])
        globals()['holders'] = type('Early', (), {
            'look': staticmethod(
                lambda fd, files: [
                    one._replace(held=seen.held) for one in files
                ]
            )
        })
        with changing(store, name) as fd, self._layout.held""",
    ),
    Mutant(
        name='the net before the look at the disks',
        module='directory/handler',
        old="""        survey = self._overlays.survey()
        why = self._sweeper.judge(store, survey)
        # Last of all, for it is of this very moment.
        [file] = holders.look(fd, [file])
""",
        new="""        [file] = holders.look(fd, [file])
        survey = self._overlays.survey()
        why = self._sweeper.judge(store, survey)
""",
    ),
    Mutant(
        name='a read lock is asked for',
        module='directory/record_lock',
        old='fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE)',
        new='fcntl.fcntl(fd, fcntl.F_OFD_GETLK, '
        'struct.pack(_FORM, fcntl.F_RDLCK, 0, 0, 0, 0))',
    ),
    Mutant(
        name='it is locked to find out',
        module='directory/record_lock',
        old="""    answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE)
    kind, _, _, _, process = struct.unpack(_FORM, answer)
    return None if kind == fcntl.F_UNLCK else int(process)
""",
        new="""    shared = struct.pack(_FORM, fcntl.F_RDLCK, 0, 0, 0, 0)
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, shared)
    except BlockingIOError:
        return -1
    return None
""",
    ),
    Mutant(
        name='who cannot ask goes on',
        module='directory/holders',
        old='        return file._replace(unknown=file.unknown or why)',
        new='        return file',
    ),
    Mutant(
        name='no loop devices',
        module='directory/holders',
        old='loop.is_of(file)',
        new='False',
    ),
    Mutant(
        name='loop devices by name alone',
        module='directory/holders',
        old='            return self.identity == file.identity',
        new='            return self.name == file.name',
    ),
    Mutant(
        name='loop devices by their paths alone',
        module='directory/holders',
        old='        if self.told == file.identity:',
        new='        if False:',
    ),
    Mutant(
        name='loop devices by what is seen here alone',
        module='directory/holders',
        old='        return self.name == file.name',
        new='        return False',
    ),
    Mutant(
        name='paths on other mounts are looked at',
        module='directory/holders',
        old='    if mounts.is_beside(folder, path):',
        new='    if path:',
    ),
    Mutant(
        name='a replaced file is asked for',
        module='directory/holders',
        old='        if (found.st_dev, found.st_ino) != file.identity:',
        new='        if not found:',
    ),
]

PROCESS = [
    Mutant(
        name='our own locks in the process of Nova',
        module='directory/nova_layout',
        old='        if lent is not None:',
        new='        if False:',
    ),
    Mutant(
        name='Nova is nowhere',
        module='directory/nova_process',
        old='    if lent is None and _LOCKUTILS in sys.modules:',
        new='    if False:',
    ),
    Mutant(
        name='Nova is everywhere',
        module='directory/nova_process',
        old='    if lent is None and _LOCKUTILS in sys.modules:',
        new='    if _LOCKUTILS in sys.modules:',
    ),
    Mutant(
        name='lent locks are given back at once',
        module='directory/nova_process',
        old='                stack.enter_context(lent(name))',
        new='                lent(name).__enter__()',
    ),
    Mutant(
        name='lent locks are not taken',
        module='directory/nova_process',
        old='                stack.enter_context(lent(name))',
        new='                lent(name)',
    ),
    Mutant(
        name='a taken lock fails in its own words',
        module='directory/nova_process',
        old='    return (*ours, lockutils.AcquireLockFailedException)',
        new='    return ours',
    ),
    Mutant(
        name='a lock is made under its own name',
        module='directory/nova_lock',
        old="    new = f'.{entry}.{secrets.token_hex(4)}'",
        new='    new = entry',
    ),
    Mutant(
        name='a lock is not given away',
        module='directory/nova_lock',
        old='            give_away(fd, owner)\n',
        new='',
    ),
    Mutant(
        name='a lock gets its name by its first name',
        module='directory/nova_lock',
        old="os.link(f'/proc/self/fd/{fd}', entry, dst_dir_fd=folder)",
        new='os.link(new, entry, src_dir_fd=folder, dst_dir_fd=folder)',
    ),
    Mutant(
        name='a lock of other names is locked',
        module='directory/nova_lock',
        old='        if found.st_nlink > 1:\n            why',
        new='        if False:\n            why',
    ),
    Mutant(
        name='a folder of locks is followed',
        module='directory/nova_lock',
        old='safe_open.open_folder(os.path.join(path, _FOLDER))',
        new='os.open(os.path.join(path, _FOLDER), os.O_RDONLY)',
    ),
    Mutant(
        name='options lend nothing',
        module='directory/handler',
        old="            locks=resources.get('locks'),\n",
        new='',
    ),
]
