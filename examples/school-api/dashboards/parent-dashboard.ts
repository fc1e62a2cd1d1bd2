import type { Database } from '../database/database'
import { studentDashboard, type StudentDashboard } from './student-dashboard'

/** A parent's children, each as the child sees it. */
export interface ParentDashboard {
  readonly role: 'parent'
  readonly children: readonly StudentDashboard[]
}

const CHILDREN = 'SELECT id FROM students WHERE parent_id = ? ORDER BY id'

/** Reads what the dashboards of the children read. */
export async function parentDashboard(db: Database, parentId: number): Promise<ParentDashboard> {
  const children: StudentDashboard[] = []
  for (const { id } of await db.all<{ id: number }>(CHILDREN, parentId)) {
    children.push(await studentDashboard(db, id))
  }
  return { role: 'parent', children }
}
