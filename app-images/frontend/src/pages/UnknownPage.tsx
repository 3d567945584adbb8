import { PageTitle } from "../components/PageTitle";
import { href } from "../routing/routes";

export function UnknownPage() {
  return (
    <>
      <PageTitle title="No such page" />
      <p>
        The address may be mistyped or from an older version. Go on in the{" "}
        <a href={href({ page: "library" })}>library</a>.
      </p>
    </>
  );
}
