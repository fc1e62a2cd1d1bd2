/** The tag of everything that is made from one school's rows. */
export function schoolTag(schoolId: number): string {
  return `school:${String(schoolId)}`
}
