/** What approvers asked and were answered, the SQL. Owns: approval_questions, approval_answers. */
import { type Email, emailFrom } from "../../../domain/email.ts";
import { type Instant, instant } from "../../../domain/time.ts";
import type { Sql } from "../../../store/database.ts";
import type { Question } from "../rules/questions.ts";

export async function insertQuestion(
  sql: Sql,
  requestId: string,
  question: Omit<Question, "answer">,
): Promise<void> {
  await sql.query(
    `insert into approval_questions
            (question_id, approval_request_id, asked_by, question, asked_at)
     values ($1, $2, $3, $4, $5)`,
    [question.questionId, requestId, question.askedBy, question.text, question.askedAt],
  );
}

/** Stores the answer; false when there is one. */
export async function insertAnswer(
  sql: Sql,
  answer: {
    readonly questionId: string;
    readonly by: Email;
    readonly text: string;
    readonly at: Instant;
  },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into approval_answers (question_id, answered_by, answer, answered_at)
     values ($1, $2, $3, $4)
         on conflict (question_id) do nothing`,
    [answer.questionId, answer.by, answer.text, answer.at],
  );
  return rowCount === 1;
}

/** In the order in which they were asked. */
export async function listQuestions(sql: Sql, requestId: string): Promise<readonly Question[]> {
  return (await listQuestionsOf(sql, [requestId])).get(requestId) ?? [];
}

/** Of several requests at once, by request. */
export async function listQuestionsOf(
  sql: Sql,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Question[]>> {
  const { rows } = await sql.query<QuestionRow>(
    `select q.approval_request_id, q.question_id, q.asked_by, q.question, q.asked_at,
            a.answered_by, a.answer, a.answered_at
       from approval_questions q
       left join approval_answers a on a.question_id = q.question_id
      where q.approval_request_id = any($1::text[])
      order by q.asked_at, q.question_id`,
    [requestIds],
  );
  const found = new Map<string, Question[]>();
  for (const row of rows) {
    const questions = found.get(row.approval_request_id) ?? [];
    found.set(row.approval_request_id, [...questions, questionFromRow(row)]);
  }
  return found;
}

/** Which request a question is about. */
export async function findRequestIdOfQuestion(
  sql: Sql,
  questionId: string,
): Promise<string | undefined> {
  const { rows } = await sql.query<{ readonly approval_request_id: string }>(
    `select q.approval_request_id from approval_questions q where q.question_id = $1`,
    [questionId],
  );
  return rows[0]?.approval_request_id;
}

interface QuestionRow {
  readonly approval_request_id: string;
  readonly question_id: string;
  readonly asked_by: string;
  readonly question: string;
  readonly asked_at: Date;
  readonly answered_by: string | null;
  readonly answer: string | null;
  readonly answered_at: Date | null;
}

function questionFromRow(row: QuestionRow): Question {
  const { answered_by: by, answer: text, answered_at: at } = row;
  return {
    questionId: row.question_id,
    askedBy: emailFrom(row.asked_by),
    text: row.question,
    askedAt: instant(row.asked_at),
    answer:
      by === null || text === null || at === null
        ? undefined
        : { by: emailFrom(by), text, at: instant(at) },
  };
}
