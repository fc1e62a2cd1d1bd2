/** The tables. People who can log in are `users`; a student is a user with a class and a parent. */
export const TABLES = `
  CREATE TABLE schools     (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
  CREATE TABLE subjects    (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE permissions (role TEXT NOT NULL, permission TEXT NOT NULL, PRIMARY KEY (role, permission)) WITHOUT ROWID;
  CREATE TABLE users       (id INTEGER PRIMARY KEY, school_id INTEGER, role TEXT NOT NULL, name TEXT NOT NULL,
                            email TEXT NOT NULL, password TEXT NOT NULL);
  CREATE TABLE classes     (id INTEGER PRIMARY KEY, school_id INTEGER NOT NULL, year INTEGER NOT NULL, name TEXT NOT NULL);
  CREATE TABLE students    (id INTEGER PRIMARY KEY, class_id INTEGER NOT NULL, parent_id INTEGER NOT NULL);
  CREATE TABLE courses     (id INTEGER PRIMARY KEY, class_id INTEGER NOT NULL, subject_id INTEGER NOT NULL,
                            teacher_id INTEGER NOT NULL);
  CREATE TABLE lessons     (class_id INTEGER, weekday INTEGER, period INTEGER, course_id INTEGER NOT NULL,
                            room TEXT NOT NULL, PRIMARY KEY (class_id, weekday, period)) WITHOUT ROWID;
  CREATE TABLE grades      (id INTEGER PRIMARY KEY, student_id INTEGER NOT NULL, course_id INTEGER NOT NULL,
                            test TEXT NOT NULL, score INTEGER NOT NULL);
  CREATE TABLE attendance  (student_id INTEGER, day TEXT, status TEXT NOT NULL, PRIMARY KEY (student_id, day)) WITHOUT ROWID;
`

/** The indexes, made after the rows are in: quicker than keeping them up to date during the seed. */
export const INDEXES = `
  CREATE UNIQUE INDEX users_by_email      ON users (email);
  CREATE INDEX        users_by_school     ON users (school_id, role);
  CREATE INDEX        classes_by_school   ON classes (school_id);
  CREATE INDEX        students_by_class   ON students (class_id);
  CREATE INDEX        students_by_parent  ON students (parent_id);
  CREATE INDEX        courses_by_class    ON courses (class_id);
  CREATE INDEX        courses_by_teacher  ON courses (teacher_id);
  CREATE INDEX        grades_by_course    ON grades (course_id);
  CREATE INDEX        grades_by_student   ON grades (student_id);
`
