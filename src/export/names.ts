/** The second of a name becomes name-2, unless that is taken too. Names differ in more than their case, since some disks do not tell that. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${name}-${number}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
