/** SQL for the share of days, in per cent, on which somebody came; late is not absent. */
export const ATTENDANCE_RATE = `round(100.0 * avg(attendance.status <> 'absent'), 1) AS attendanceRate`
