"""Staff pages: workspaces, people and their roles, API keys, the audit log."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import FieldTextFilter, RelatedDropdownFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts import services
from apps.accounts.admin_base import WorkspaceBound, access_of, badge, staff_actor
from apps.accounts.admin_filters import DaysFilter
from apps.accounts.admin_forms import ApiKeyForm, NewPersonMembershipFormSet
from apps.accounts.models import ApiKey, AuditEntry, Membership, User, Workspace
from apps.accounts.selectors import Role

admin.site.unregister(Group)  # roles in workspaces decide; groups would only look as if they did


class MemberList(TabularInline):  # type: ignore[misc]
    """Who works in a workspace; changed on the person's page."""

    model = Membership
    fields = readonly_fields = ("user", "role")
    extra = 0
    can_delete = False
    verbose_name_plural = "People"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_view_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return obj is not None and access_of(request).may(Role.ADMIN, obj.pk)


@admin.register(Workspace)
class WorkspaceAdmin(ModelAdmin):  # type: ignore[misc]
    """Members see their workspaces, administrators edit them, superusers make new ones."""

    list_display = ("__str__", "name", "default_language_code", "created_at")
    search_fields = ("name", "title")
    ordering = ("name",)
    fields = ("name", "title", "default_language_code")
    inlines = (MemberList,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        access = access_of(request)
        rows: QuerySet[Workspace] = super().get_queryset(request)
        return rows if access.everywhere else rows.filter(pk__in=access.workspace_ids())

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> tuple[str, ...]:  # noqa: ARG002
        """A name is in commands and scripts: it stays."""
        return () if obj is None else ("name",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access_of(request).may(Role.VIEWER)

    def has_view_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return access_of(request).may(Role.VIEWER, obj.pk if obj else None)

    def has_change_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return access_of(request).may(Role.ADMIN, obj.pk if obj else None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access_of(request).everywhere

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:  # noqa: ARG002
        return False  # recordings go first, one by one, with their files

    def save_model(self, request: HttpRequest, obj: Workspace, form: ModelForm[Any], change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_model(request, obj, form, change)
        services.audit(
            actor=staff_actor(request, obj.pk),
            action="workspace.change" if change else "workspace.create",
            object_id=obj.pk,
            details={"fields": form.changed_data},
        )

    def _get_obj_does_not_exist_redirect(self, *_: object) -> None:
        raise Http404


class MembershipInline(TabularInline):  # type: ignore[misc]
    """A person's roles, as far as the person who looks may decide about them."""

    model = Membership
    fields = ("workspace", "role")
    extra = 0
    verbose_name_plural = "Workspaces and roles"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        access = access_of(request)
        rows: QuerySet[Membership] = super().get_queryset(request).select_related("workspace", "user")
        return rows if access.everywhere else rows.filter(workspace__in=access.workspace_ids(Role.ADMIN))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ANN401
        if db_field.name == "workspace":
            kwargs["queryset"] = access_of(request).workspaces(Role.ADMIN)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_formset(self, request: HttpRequest, obj: User | None = None, **kwargs: Any) -> Any:  # noqa: ANN401
        if not access_of(request).everywhere:
            kwargs["formset"] = NewPersonMembershipFormSet
        return super().get_formset(request, obj, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return access_of(request).may(Role.ADMIN)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return access_of(request).may(Role.ADMIN)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return access_of(request).may(Role.ADMIN)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return access_of(request).may(Role.ADMIN)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """People. A workspace's administrators make them and give roles there; the rest is the superusers'."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("username", "full_name", "email", "shown_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "first_name", "last_name", "email", "usable_password", "password1", "password2")},
        ),
    )
    readonly_fields = ("last_login", "date_joined")

    @admin.display(description="Name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="Active", boolean=True, ordering="is_active")
    def shown_active(self, user: User) -> bool:
        return user.is_active

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        access = access_of(request)
        rows = cast("QuerySet[User]", super().get_queryset(request))
        if access.everywhere:
            return rows
        here = Membership.objects.filter(workspace__in=access.workspace_ids(Role.ADMIN))
        return rows.filter(pk__in=here.values("user"))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ANN401
        """Whoever could set a password could become that person, in other workspaces too."""
        if obj is None or access_of(request).everywhere:
            return self.readonly_fields
        names = ("first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
        return ("username", *names, *self.readonly_fields)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ANN401
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or access_of(request).everywhere:
            return fieldsets
        return ((None, {"fields": ("username",)}), *fieldsets[1:])

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access_of(request).may(Role.ADMIN)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002 - the rows are filtered
        return access_of(request).may(Role.ADMIN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access_of(request).may(Role.ADMIN)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        return access_of(request).may(Role.ADMIN)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        return access_of(request).everywhere

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's signature
        if not access_of(request).everywhere:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[Any], change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.is_staff = True  # people are made here in order to work here
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, *args: Any, **_: Any) -> None:
        """Save the roles through the services, which write the audit log."""
        formset: BaseInlineFormSet[Any, Any, Any] = args[1]
        changed = formset.save(commit=False)
        for membership in formset.deleted_objects:
            services.membership_remove(membership=membership, actor=staff_actor(request, membership.workspace_id))
        for membership in changed:
            services.membership_save(membership=membership, actor=staff_actor(request, membership.workspace_id))

    def _get_obj_does_not_exist_redirect(self, *_: object) -> None:
        raise Http404


@admin.register(ApiKey)
class ApiKeyAdmin(WorkspaceBound, ModelAdmin):  # type: ignore[misc]
    """Keys of programs. The key itself is shown once, on the answer that made it."""

    view_role = add_role = change_role = Role.ADMIN
    list_display = ("name", "prefix", "workspace", "shown_state", "shown_scopes", "last_used_at", "expires_at")
    list_select_related = ("workspace",)
    list_filter = (("workspace", RelatedDropdownFilter),)
    search_fields = ("name", "prefix")
    ordering = ("-created_at", "pk")
    form = ApiKeyForm
    add_fieldsets = ((None, {"fields": ("workspace", "name", "scopes", "expires_at")}),)
    fields = (
        "name",
        ("shown_state", "prefix"),
        ("workspace", "shown_scopes"),
        ("created_by", "created_at"),
        ("last_used_at", "expires_at", "revoked_at"),
    )
    readonly_fields = (
        *("prefix", "workspace", "shown_state", "shown_scopes"),
        *("created_by", "created_at", "last_used_at", "expires_at", "revoked_at"),
    )
    actions = ("revoke_selected",)
    actions_submit_line = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return () if obj is None else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: ANN401, FBT001, FBT002
        if obj is not None:
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, change, **kwargs)

    @admin.display(description="State")
    def shown_state(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            return badge("revoked", "error")
        if key.expires_at is not None and key.expires_at <= timezone.now():
            return badge("expired", "needs_attention")
        return badge("active", "completed")

    @admin.display(description="Scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return " ".join(key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm[Any], change: bool) -> None:  # noqa: FBT001
        if change:
            super().save_model(request, obj, form, change)
            return
        made, text = services.api_key_create(
            workspace=obj.workspace,
            name=obj.name,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            created_by=cast("User", request.user),
        )
        vars(obj).update(vars(made), shown_once=text)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        """Show the key. No redirect: it would have to be kept somewhere in between."""
        context = self.admin_site.each_context(request) | {
            "title": "API key created",
            "opts": self.opts,
            "key": obj,
            "text": vars(obj)["shown_once"],
        }
        return TemplateResponse(request, "staff/api_key_created.html", context)

    @admin.action(description="Revoke this key")
    def revoke(self, request: HttpRequest, obj: ApiKey) -> None:
        services.api_key_revoke(key=obj, actor=staff_actor(request, obj.workspace_id))

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            services.api_key_revoke(key=key, actor=staff_actor(request, key.workspace_id))
        self.message_user(request, "The selected keys are revoked: programs that use them are refused from now on.")


@admin.register(AuditEntry)
class AuditEntryAdmin(WorkspaceBound, ModelAdmin):  # type: ignore[misc]
    """What was done by whom; nobody edits it."""

    view_role = Role.ADMIN
    list_display = ("created_at", "actor", "action", "object_id", "workspace")
    list_select_related = ("workspace",)
    list_filter = (
        ("workspace", RelatedDropdownFilter),
        ("action", FieldTextFilter),
        ("actor", FieldTextFilter),
        ("created_at", DaysFilter),
    )
    list_filter_submit = True
    search_fields = ("=object_id", "actor", "action")
    show_full_result_count = False
    ordering = ("-pk",)
    fields = readonly_fields = ("created_at", "workspace", "actor", "action", "object_id", "details")
